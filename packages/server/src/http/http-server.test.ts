import { once } from 'node:events'
import { IncomingMessage, type Server } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { AppError } from '../platform/errors.ts'
import { maxBodyBytes } from './app.ts'
import { createHttpServer } from './http-server.ts'
import { closeGracefully } from './shutdown.ts'
import {
  balanceRoute,
  createToyIdentity,
  deferred,
  fundRoute,
  healthRoute,
  startToyServer,
  toyAddress,
  toyBody,
  toyRoute,
} from './testing/toy-server.ts'

const signedHeaders = { 'x-signature': '0xsigned', 'x-timestamp': '1767225600000' }

describe('a route', () => {
  test('gets parsed input and answers with success and its own status', async () => {
    await using server = await startToyServer()

    const answer = await server.post('/toy/fund', { ...toyBody, unknown: 'stripped' })

    expect(answer).toMatchObject({ status: 202, body: { success: true, newBalance: '4.0', status: 'pending' } })
    expect(Object.keys(answer.body)[0]).toBe('success')
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  })

  test('adds no success where the contract has none', async () => {
    await using server = await startToyServer()

    expect((await server.get('/toy/health')).body).toEqual({ status: 'ok' })
  })

  test('hands the signed call of a body over, spelled as sent', async () => {
    await using server = await startToyServer()

    await server.post('/toy/fund', { ...toyBody, unknown: 'stripped' })

    const { address, signature, timestamp } = toyBody
    const message = `Fund 4.0 OG for ${toyAddress} at 1767225600000`
    expect(server.calls).toEqual([{ address, signature, timestamp, message }])
    expect(server.requests).toEqual([{ address, amount: '4.0', timestamp }])
  })

  test('hands the signed call of headers over', async () => {
    await using server = await startToyServer()
    const address = toyAddress.toLowerCase()

    const answer = await server.get(`/toy/balance/${address}`, signedHeaders)

    expect(answer).toMatchObject({ status: 200, body: { balance: '1', owner: toyAddress } })
    const message = `Check balance for ${address} at 1767225600000`
    expect(server.calls).toEqual([{ address, signature: '0xsigned', timestamp: 1767225600000, message }])
  })

  test('gets its query parsed, without what it does not know', async () => {
    await using server = await startToyServer()

    const answers = [await server.get('/toy/list'), await server.get('/toy/list?limit=7&after=a%20b&colour=blue')]

    expect(answers.map(({ body }) => body)).toEqual([
      { after: null, limit: 5 },
      { after: 'a b', limit: 7 },
    ])
  })

  test.each(['limit=0', 'limit=ten', 'limit=', 'limit=5&limit=6', 'after=a&after=b', 'limit[]=5&limit=6&limit=7'])(
    'refuses the query %s',
    async (query) => {
      await using server = await startToyServer()

      const answer = await server.get(`/toy/list?${query}`)

      const path = query.slice(0, 5)
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request', errors: [{ path }] } })
    },
  )

  test('binds a signature that is spent once to the query as well', async () => {
    const query = z.object({ after: z.string().optional() })
    await using server = await startToyServer({ routes: [{ ...fundRoute, query }] })

    await server.post('/toy/fund?after=x', toyBody)

    const { address, amount, timestamp } = toyBody
    expect(server.requests).toEqual([{ address, amount, timestamp, query: { after: 'x' } }])
  })

  test('lets a message name the chain of the server', async () => {
    const message = (call: object) => ('chainId' in call ? `Read on chain ${call.chainId}` : '')
    const auth = { message, from: 'headers', use: 'read' } as const
    await using server = await startToyServer({ routes: [{ ...balanceRoute, auth }], chainId: 7 })

    await server.get(`/toy/balance/${toyAddress}`, signedHeaders)

    expect(server.calls).toMatchObject([{ message: 'Read on chain 7' }])
  })

  test('answers a retry with what the identity kept', async () => {
    const handler = vi.fn(fundRoute.handler)
    await using server = await startToyServer({ routes: [{ ...fundRoute, handler }] })

    const answers = [await server.post('/toy/fund', toyBody), await server.post('/toy/fund', toyBody)]

    expect(answers.map(({ status }) => status)).toEqual([202, 202])
    expect(answers[1]?.text).toBe(answers[0]?.text)
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test('never runs for a caller who is not proven', async () => {
    const handler = vi.fn(fundRoute.handler)
    await using server = await startToyServer({ routes: [{ ...fundRoute, handler }] })

    const answer = await server.post('/toy/fund', { ...toyBody, signature: '0xforged' })

    expect(answer).toMatchObject({ status: 401, body: { code: 'signature-invalid', success: false } })
    expect(handler).not.toHaveBeenCalled()
  })

  test('has its answers checked against the contract when asked to', async () => {
    const routes = [{ ...healthRoute, handler: async () => ({ status: 'poorly' }) }]
    await using strict = await startToyServer({ routes })
    await using lenient = await startToyServer({ routes, checkResponses: false })

    expect((await strict.get('/toy/health')).status).toBe(500)
    expect((await lenient.get('/toy/health')).status).toBe(200)
  })

  test('answers HEAD as GET without a body', async () => {
    await using server = await startToyServer()

    const response = await server.request('/toy/health', { method: 'HEAD' })

    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  test('learns that its client has left', async () => {
    const { promise: left, resolve: leave } = deferred()
    const { promise: started, resolve: start } = deferred()
    const slow = toyRoute('/slow', async (signal) => {
      start()
      await once(signal, 'abort')
      leave()
      throw signal.reason
    })
    await using server = await startToyServer({ routes: [slow] })
    const client = new AbortController()

    const answer = server.request('/slow', { signal: client.signal }).catch(() => 'gone')
    await started
    client.abort()

    expect(await answer).toBe('gone')
    await left
    await vi.waitFor(() => expect(server.lines).toContainEqual(expect.objectContaining({ state: 'client-gone' })))
    expect(server.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('is not shadowed by the parameter in the path of another method', async () => {
    const fixed = { ...fundRoute, path: '/toy/balance/all' }
    await using server = await startToyServer({ routes: [balanceRoute, fixed] })

    expect((await server.post('/toy/balance/all', toyBody)).status).toBe(202)
  })

  test('sees no abort after its answer', async () => {
    let seen: AbortSignal | undefined
    const route = toyRoute('/quick', async (signal) => {
      seen = signal
      return {}
    })
    await using server = await startToyServer({ routes: [route] })

    await server.get('/quick')
    await vi.waitFor(() => expect(server.lines).toHaveLength(1))

    expect(seen?.aborted).toBe(false)
  })
})

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

describe('every answer', () => {
  test('has an id of its own and is not stored', async () => {
    await using server = await startToyServer()

    const answers = [
      await server.get('/nowhere'),
      await server.post('/toy/fund', toyBody),
      await server.get('/toy/fund'),
    ]

    const ids = answers.map(({ headers }) => headers['x-request-id'])
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{16}$/)
    for (const { headers } of answers) expect(headers['cache-control']).toBe('no-store')
  })

  test('may be kept where the route says so', async () => {
    await using server = await startToyServer()

    expect((await server.get('/toy/health')).headers['cache-control']).toBe('public, max-age=5')
  })

  test('says nothing about its maker and is protected', async () => {
    await using server = await startToyServer()

    const { headers } = await server.get('/toy/health')

    expect(headers).not.toHaveProperty('x-powered-by')
    expect(headers).not.toHaveProperty('etag')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'")
  })

  test('leaves one line without address, signature or URL', async () => {
    await using server = await startToyServer()

    await server.get(`/toy/balance/${toyAddress}`, signedHeaders)
    await server.get(`/toy/balance/${toyAddress}`)
    await vi.waitFor(() => expect(server.lines).toHaveLength(2))

    const common = { level: 'info', message: 'request', method: 'GET', operationId: 'getToyBalance', state: 'answered' }
    expect(server.lines).toEqual([
      { ...common, status: 200, requestId: expect.any(String), durationMs: expect.any(Number) },
      {
        ...common,
        status: 400,
        code: 'invalid-request',
        requestId: expect.any(String),
        durationMs: expect.any(Number),
      },
    ])
  })
})

describe('CORS', () => {
  const preflight = (origin: string) => ({
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-signature' },
  })

  test('lets a browser send and read what it needs', async () => {
    await using server = await startToyServer()

    const response = await server.request('/toy/fund', preflight('https://app.example'))

    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers':
        'Content-Type,X-Signature,X-Timestamp,X-Signature-Type,Authorization,Idempotency-Key',
      'access-control-expose-headers': 'RateLimit,RateLimit-Policy,Retry-After,X-Request-Id',
      vary: 'Origin',
    })
  })

  test('covers problems too', async () => {
    await using server = await startToyServer()

    const { headers } = await server.get('/nowhere', { origin: 'https://app.example' })

    expect(headers['access-control-allow-origin']).toBe('https://app.example')
    expect(headers['access-control-expose-headers']).toContain('X-Request-Id')
  })

  test.each(['https://evil.example', 'https://app.example.evil.example', 'null'])(
    'gives nothing to %s',
    async (origin) => {
      await using server = await startToyServer()

      const response = await server.request('/toy/fund', preflight(origin))

      expect(response.headers.has('access-control-allow-origin')).toBe(false)
    },
  )

  test('is open to all only when configured so', async () => {
    await using server = await startToyServer({ corsOrigins: ['*'] })

    const response = await server.request('/toy/fund', preflight('https://evil.example'))

    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('the server', () => {
  test('gives requests and answers the prototypes of the app from birth', async () => {
    await using server = await startToyServer()
    const set = vi.spyOn(Object, 'setPrototypeOf')
    const before: (object | null)[] = []
    server.server.prependListener('request', (request, response) => {
      before.push(Object.getPrototypeOf(request), Object.getPrototypeOf(response))
      expect(request).toBeInstanceOf(IncomingMessage)
    })

    await server.get('/toy/health')

    const ofExpress = set.mock.calls.filter(
      ([object]) => object instanceof IncomingMessage || 'writableFinished' in Object(object),
    )
    set.mockRestore()
    expect(before).toHaveLength(2)
    expect(ofExpress.map(([, prototype]) => prototype)).toEqual(before)
  })

  test('limits time, headers and requests per connection', () => {
    const { identity } = createToyIdentity()
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const server = createHttpServer({ routes: [healthRoute], identity, chainId: 31337, log, corsOrigins: [] })

    expect(server).toMatchObject({
      headersTimeout: 5_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 5_000,
      maxRequestsPerSocket: 1_000,
      timeout: 0,
    })
  })

  test.each([
    ['no HTTP', 'HELLO\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['headers beyond 8 KiB', `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(9_000)}\r\n\r\n`, 431],
  ])('answers %s with a problem and closes', async (_, text, status) => {
    await using server = await startToyServer()

    const received = await server.raw(text).received

    const [head = '', body = ''] = received.split('\r\n\r\n')
    expect(head).toContain(`HTTP/1.1 ${status} `)
    expect(head).toContain('Content-Type: application/problem+json')
    expect(head).toContain('Connection: close')
    expect(JSON.parse(body)).toMatchObject({ status, code: 'invalid-request', success: false })
  })

  test('does not write a problem into an answer that has begun', async () => {
    const { promise: never } = deferred<Record<string, unknown>>()
    await using server = await startToyServer({ routes: [toyRoute('/stream', () => never)] })
    server.server.on('request', (_request, response) => response.write('begun'))

    const { socket, received } = server.raw('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
    socket.write('HELLO\r\n\r\n')

    expect((await received).endsWith('begun\r\n')).toBe(true)
  })

  test('ends the connection when an answer fails after it has begun', async () => {
    const { promise: begun, resolve: begin } = deferred()
    const stream = toyRoute('/stream', async () => {
      await begun
      throw new Error('late')
    })
    await using server = await startToyServer({ routes: [stream] })
    server.server.on('request', (_request, response) => response.write('begun'))

    const { socket, received } = server.raw('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
    begin()

    expect((await received).endsWith('begun\r\n')).toBe(true)
    expect(server.lines).toContainEqual(expect.objectContaining({ level: 'error', code: 'internal' }))
  })

  test('cuts a request that does not arrive in time, but no answer that takes longer', async () => {
    const { promise, resolve } = deferred<Record<string, unknown>>()
    await using server = await startToyServer({ routes: [toyRoute('/long', () => promise)] })
    server.server.headersTimeout = server.server.requestTimeout = 100

    const long = server.get('/long')
    const cut = await server.raw('GET /long HTTP/1.1\r\nHost: a\r\n').received
    resolve({ done: true })

    expect(cut).toContain('HTTP/1.1 408')
    expect(await long).toMatchObject({ status: 200, body: { done: true } })
  })
})

describe('closeGracefully', () => {
  test('waits for an answer under way, closes its connection and takes nothing new', async () => {
    const { promise, resolve } = deferred<Record<string, unknown>>()
    const { promise: started, resolve: start } = deferred()
    const slow = toyRoute('/slow', () => {
      start()
      return promise
    })
    await using server = await startToyServer({ routes: [slow] })
    const answer = server.get('/slow')
    await started

    const closing = closeGracefully(server.server, 10_000)
    await expect(fetch(`http://127.0.0.1:${server.port}/slow`)).rejects.toThrow()
    resolve({ done: true })

    expect(await answer).toMatchObject({ status: 200, body: { done: true }, headers: { connection: 'close' } })
    await closing
  })

  test('does not wait for connections without a request', async () => {
    await using server = await startToyServer()
    const silent = server.raw('')
    const half = server.raw('GET /toy/health HTTP/1.1\r\n')
    const kept = server.raw('GET /toy/health HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(kept.socket, 'data')

    await closeGracefully(server.server, 60_000)

    expect(await silent.received).toBe('')
    expect(await half.received).toBe('')
    expect(await kept.received).toContain('200 OK')
  })

  test('cuts what is left after the grace', async () => {
    const { promise: never } = deferred<Record<string, unknown>>()
    const { promise: started, resolve: start } = deferred()
    const stuck = toyRoute('/stuck', () => {
      start()
      return never
    })
    await using server = await startToyServer({ routes: [stuck] })
    const answer = server.get('/stuck').catch(() => 'cut')
    await started

    await closeGracefully(server.server, 50)

    expect(await answer).toBe('cut')
  })

  test('is done at once where nothing listens', async () => {
    const { identity } = createToyIdentity()
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const server: Server = createHttpServer({ routes: [], identity, chainId: 31337, log, corsOrigins: [] })

    await closeGracefully(server, 60_000)
  })
})
