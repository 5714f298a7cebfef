import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { StartupError } from './platform/errors.ts'
import { expectProblem } from './testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from './testing/test-network.ts'
import { startTestServer } from './testing/test-server.ts'

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.close())

const origin = 'https://app.example'

describe('startServer', () => {
  test('says that its port is in use, and lets go of its database', async () => {
    const stranger = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void stranger.close())
    await once(stranger, 'listening')
    const bound = stranger.address()
    const PORT = typeof bound === 'object' && bound ? bound.port : 0
    const place = await network.databases.create('embedded')

    const refused = startTestServer({ network, place, settings: { PORT } })

    await expect(refused).rejects.toThrow(StartupError)
    await expect(refused).rejects.toThrow(`Port ${PORT} is in use: stop what listens there, or set PORT`)
    await using server = await startTestServer({ network, place })
    expect((await server.get('/api/health')).status).toBe(200)
  })

  test('finishes the answers under way before it closes', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const [llama] = network.devnet.providers
    const chats = Number(llama?.requests.chat)
    llama?.order({ kind: 'delay', delayMs: 200 })
    const underWay = user.analyze('I was at sea')
    await expect.poll(() => llama?.requests.chat, { interval: 5 }).toBe(chats + 1)

    await server.stop()

    expect((await underWay).status).toBe(200)
  })

  test('books what was asked by a client that has left, before it closes', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    await user.analyze('I was on land')
    const body = await user.signAnalyze('I was at sea')
    const [llama] = network.devnet.providers
    const chats = Number(llama?.requests.chat)
    llama?.order({ kind: 'delay', delayMs: 300 })
    const leaving = new AbortController()
    const left = fetch(`${server.url}/api/ai/analyze`, { ...jsonPost(body), signal: leaving.signal })
    await expect.poll(() => llama?.requests.chat, { interval: 5 }).toBe(chats + 1)
    leaving.abort()
    await expect(left).rejects.toThrow('abort')

    await server.restart()
    const again = await server.post('/api/ai/analyze', body)

    expect(again).toMatchObject({ status: 200, body: { verification: 'content' } })
    expect(llama?.requests.chat).toBe(chats + 1)
    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'charged' }, { state: 'charged' }])
  })

  test('starts no analysis once it was asked to stop', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const [first, second] = [await user.signAnalyze('I was at sea'), await user.signAnalyze('I was on land')]
    const [llama] = network.devnet.providers
    const chats = Number(llama?.requests.chat)
    llama?.order({ kind: 'delay', delayMs: 300 })
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    const ended = once(socket.resume(), 'close')
    socket.write(rawPost('/api/ai/analyze', first))
    await expect.poll(() => llama?.requests.chat, { interval: 5 }).toBe(chats + 1)

    const stopped = server.stop()
    // The connection is still open for the answer under way.
    socket.write(rawPost('/api/ai/analyze', second))
    await Promise.all([stopped, ended])

    await server.start()
    expect(llama?.requests.chat).toBe(chats + 1)
    expect((await server.post('/api/ai/analyze', second)).status).toBe(200)
  })

  test('keeps everything over a restart', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    await user.analyze('I was at sea')
    const before = await user.balance()

    await server.restart()

    expect((await user.balance()).body).toEqual(before.body)
  })
})

describe('the API', () => {
  test('lets browsers of the agreed origins in, with the headers they need', async () => {
    await using server = await startTestServer({ network })

    const preflight = await server.request('/api/broker/fund', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    })
    const answer = await server.get('/api/health', { origin })
    const stranger = await server.get('/api/health', { origin: 'https://evil.example' })

    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-Signature')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-Timestamp')
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After')
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('lets browsers read its refusals too', async () => {
    await using server = await startTestServer({ network })

    const answer = await server.get('/api/nothing', { origin })

    expectProblem(answer, 'not-found')
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })

  test('names the methods that a path answers', async () => {
    await using server = await startTestServer({ network })

    const answer = await server.get('/api/broker/init')

    expectProblem(answer, 'method-not-allowed')
    expect(answer.headers.get('allow')).toBe('POST, OPTIONS')
  })
})

function jsonPost(body: object) {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

function rawPost(path: string, body: object): string {
  const text = JSON.stringify(body)
  const head = ['Host: test', 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`]
  return [`POST ${path} HTTP/1.1`, ...head, '', text].join('\r\n')
}
