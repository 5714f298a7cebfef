import { describe, expect, test } from 'vitest'
import { AppError } from '../platform/errors.ts'
import { maxBodyBytes } from './app.ts'
import { signedHeaders, startToyServer, toyAddress, toyBody, toyRoute } from './testing/toy-server.ts'

describe('a problem', () => {
  test('is a complete problem document', async () => {
    await using server = await startToyServer()

    const { status, headers, body } = await server.get('/nowhere')

    expect(status).toBe(404)
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(body).toEqual({
      type: 'urn:dreamscape:problem:not-found',
      title: 'There is nothing here',
      status: 404,
      detail: expect.any(String),
      code: 'not-found',
      success: false,
      requestId: headers['x-request-id'],
    })
  })

  test('names the fields that are not valid, never their values', async () => {
    await using server = await startToyServer()

    const { status, body, text } = await server.post('/toy/fund', { ...toyBody, amount: 'SECRET', timestamp: 'SECRET' })

    expect(status).toBe(400)
    expect(body.code).toBe('invalid-request')
    expect(body.errors.map((error: { path: string }) => error.path).sort()).toEqual(['amount', 'timestamp'])
    expect(text).not.toContain('SECRET')
    expect(server.calls).toEqual([])
  })

  test.each([
    ['no signature', { 'x-timestamp': '1' }, 'x-signature'],
    ['no timestamp', { 'x-signature': '0x' }, 'x-timestamp'],
    ['a timestamp that is not digits', { 'x-signature': '0x', 'x-timestamp': '1e3' }, 'x-timestamp'],
    ['a timestamp beyond safe integers', { 'x-signature': '0x', 'x-timestamp': '9999999999999999' }, 'x-timestamp'],
  ])('refuses headers with %s', async (_, headers, path) => {
    await using server = await startToyServer()

    const answer = await server.get(`/toy/balance/${toyAddress}`, headers)

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request', errors: [{ path }] } })
  })

  test.each([
    ['an address that is none', '/toy/balance/0x12'],
    ['a path that is not well-formed', '/toy/balance/%E0%A4%A'],
  ])('refuses %s', async (_, path) => {
    await using server = await startToyServer()

    expect(await server.get(path, signedHeaders)).toMatchObject({ status: 400, body: { code: 'invalid-request' } })
  })

  const json = { 'content-type': 'application/json' }
  const tooLarge = JSON.stringify({ ...toyBody, padding: 'x'.repeat(maxBodyBytes) })
  test.each([
    ['malformed JSON', '{"address":', json, 400, 'invalid-request'],
    ['JSON that is no object', '"SECRET"', json, 400, 'invalid-request'],
    ['an array', '[]', json, 400, 'invalid-request'],
    ['an empty body', '', json, 400, 'invalid-request'],
    ['no body', '', {}, 400, 'invalid-request'],
    ['a deep body', '['.repeat(60_000), json, 400, 'invalid-request'],
    ['a large body', tooLarge, json, 413, 'body-too-large'],
    ['a form', 'address=0x', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported-media-type'],
    ['text', '{}', { 'content-type': 'text/plain' }, 415, 'unsupported-media-type'],
    ['a compressed body', '{}', { ...json, 'content-encoding': 'gzip' }, 415, 'unsupported-media-type'],
    ['another charset', '{}', { 'content-type': 'application/json; charset=latin1' }, 415, 'unsupported-media-type'],
  ])('refuses %s', async (_, body, headers: Record<string, string>, status, code) => {
    await using server = await startToyServer()

    const answer = await server.post('/toy/fund', body, headers)

    expect(answer).toMatchObject({ status, body: { code, success: false } })
    expect(answer.text).not.toContain('SECRET')
  })

  test('allows a body of exactly the limit', async () => {
    await using server = await startToyServer()
    const rest = JSON.stringify({ ...toyBody, padding: '' }).length

    const answer = await server.post('/toy/fund', { ...toyBody, padding: 'x'.repeat(maxBodyBytes - rest) })

    expect(answer.status).toBe(202)
  })

  test('takes a body of more than the limit in chunks for too large as well', async () => {
    await using server = await startToyServer()
    const chunk = `${(65_536).toString(16)}\r\n${' '.repeat(65_536)}\r\n`
    const head =
      'POST /toy/fund HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'

    const { received } = server.raw(`${head}${chunk.repeat(3)}0\r\n\r\n`)

    expect(await received).toContain('HTTP/1.1 413')
  })

  test('ignores what would reach a prototype', async () => {
    await using server = await startToyServer()

    const answer = await server.post('/toy/fund', JSON.stringify(toyBody).replace('{', '{"__proto__":{"amount":"9"},'))

    expect(answer).toMatchObject({ status: 202, body: { newBalance: '4.0' } })
  })

  test('says which methods a known path has', async () => {
    await using server = await startToyServer()

    const post = await server.post('/toy/health', {})
    const get = await server.get('/toy/fund')

    expect(post).toMatchObject({
      status: 405,
      body: { code: 'method-not-allowed' },
      headers: { allow: 'GET, HEAD, OPTIONS' },
    })
    expect(get).toMatchObject({ status: 405, headers: { allow: 'POST, OPTIONS' } })
  })

  test('carries what its thrower knows, and cannot be made to look like another', async () => {
    const meta = { required: '1', code: 'forbidden', status: 200, type: 'x' }
    const poor = toyRoute('/poor', () => Promise.reject(new AppError('insufficient-funds', 'Send 1 OG.', meta)))
    await using server = await startToyServer({ routes: [poor] })

    const { status, body } = await server.get('/poor')

    expect(status).toBe(402)
    expect(body).toMatchObject({ status: 402, code: 'insufficient-funds', detail: 'Send 1 OG.', required: '1' })
    expect(body.type).toBe('urn:dreamscape:problem:insufficient-funds')
  })

  test.each([
    ['rate-limited', { retryAfterSeconds: 42 }, '42'],
    ['chain-unavailable', {}, '5'],
    ['chain-unavailable', { retryAfterSeconds: 7 }, '7'],
    ['internal', {}, undefined],
  ] as const)('says when to come back: %s %o', async (code, meta, retryAfter) => {
    const routes = [toyRoute('/later', () => Promise.reject(new AppError(code, 'Later.', meta)))]
    await using server = await startToyServer({ routes })

    const { headers, body } = await server.get('/later')

    expect(headers['retry-after']).toBe(retryAfter)
    expect(body).not.toHaveProperty('retryAfterSeconds')
  })

  test('hides what nobody foresaw and logs it once', async () => {
    const routes = [toyRoute('/boom', () => Promise.reject(new Error('SECRET')))]
    await using server = await startToyServer({ routes })

    const { status, body, text } = await server.get('/boom')

    expect(status).toBe(500)
    expect(body.code).toBe('internal')
    expect(text).not.toContain('SECRET')
    const errors = server.lines.filter(({ level }) => level === 'error')
    expect(errors).toMatchObject([{ requestId: body.requestId, operationId: 'boom', error: { message: 'SECRET' } }])
  })

  test('of an outside system is a warning with its cause', async () => {
    const cause = new Error('rpc')
    const routes = [toyRoute('/down', () => Promise.reject(new AppError('chain-unavailable', 'Later.', {}, { cause })))]
    await using server = await startToyServer({ routes })

    await server.get('/down')

    expect(server.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { code: 'chain-unavailable', error: cause },
    ])
  })
})
