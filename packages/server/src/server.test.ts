import { once } from 'node:events'
import { createServer } from 'node:net'
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
