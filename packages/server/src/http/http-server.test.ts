import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createHttpServer } from './http-server.ts'
import { createToyIdentity, deferred, healthRoute, startToyServer, toyRoute } from './testing/toy-server.ts'

describe('the server', () => {
  test('gives requests and answers the prototypes of the app from birth', async () => {
    await using server = await startToyServer()
    const set = vi.spyOn(Object, 'setPrototypeOf')
    onTestFinished(() => set.mockRestore())
    const before: (object | null)[] = []
    server.server.prependListener('request', (request, response) => {
      before.push(Object.getPrototypeOf(request), Object.getPrototypeOf(response))
      expect(request).toBeInstanceOf(IncomingMessage)
    })

    await server.get('/toy/health')

    const ofExpress = set.mock.calls.filter(
      ([object]) => object instanceof IncomingMessage || 'writableFinished' in Object(object),
    )
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
