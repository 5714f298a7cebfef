import { describe, expect, test, vi } from 'vitest'
import { signedHeaders, startToyServer, toyAddress, toyBody } from './testing/toy-server.ts'

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
