import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { howToStartPostgres } from '../../testing/test-databases.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer } from '../../testing/test-server.ts'

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.close())

describe('GET /api/health', () => {
  test('says that the process lives, whatever is down', async () => {
    await using server = await startTestServer({ network })
    await server.rpc.goDown()

    const answer = await server.get('/api/health')

    expect(answer).toMatchObject({ status: 200, body: { status: 'ok' } })
  })
})

describe('GET /api/health/ready', () => {
  test('is ready when chain, database and providers answer', async () => {
    await using server = await startTestServer({ network })

    const answer = await server.get('/api/health/ready')

    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ status: 'ready', checks: { chain: 'ok', database: 'ok', providers: 'ok' } })
  })

  test('is not ready without the chain, and ready again after it came back', async () => {
    await using server = await startTestServer({ network })
    await server.rpc.goDown()

    const without = await server.get('/api/health/ready')
    await server.rpc.comeBack()
    const again = await server.get('/api/health/ready')

    expect(without).toMatchObject({ status: 503, body: { status: 'not-ready', checks: { chain: 'failed' } } })
    expect(without.headers.get('retry-after')).toBe('5')
    expect(again.status).toBe(200)
    expect(again.headers.get('retry-after')).toBeNull()
  })

  test('is not ready without its database', async ({ skip }) => {
    skip(!network.databases.hasPostgres, howToStartPostgres)
    await using server = await startTestServer({ network, database: 'postgres' })
    const user = await server.newUser({ deposit: '3' })
    await network.databases.remove(server.place)

    const ready = await server.get('/api/health/ready')
    const answers = [await user.balance(), await user.analyze(dream), await user.requestFund('1'), await user.init()]

    expect(ready).toMatchObject({ status: 503, body: { checks: { chain: 'ok', database: 'failed' } } })
    for (const answer of answers) expectProblem(answer, 'store-unavailable')
  })

  test('is not ready without any provider it may use', async () => {
    await using server = await startTestServer({ network, settings: { ALLOW_LOOPBACK_PROVIDERS: false } })

    const answer = await server.get('/api/health/ready')

    expect(answer).toMatchObject({ status: 503, body: { checks: { chain: 'ok', providers: 'failed' } } })
  })
})
