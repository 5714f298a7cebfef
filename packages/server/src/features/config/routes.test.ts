import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer } from '../../testing/test-server.ts'

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.close())

describe('GET /api/config', () => {
  test('tells a frontend the network, the minimums and the time', async () => {
    await using server = await startTestServer({ network })

    const answer = await server.get('/api/config')

    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      chainId: 31337,
      rpcUrl: server.rpc.url,
      currency: { name: 'OG', symbol: 'OG', decimals: 18 },
      contracts: network.devnet.contracts,
      minimumDeposit: '3',
      minimumProviderLock: '1',
      lockTimeSeconds: 86_400,
      gasReserve: expect.any(String),
      freshness: { pastMs: 300_000, futureMs: 60_000 },
      serverTime: server.clock.now(),
    })
  })

  test('asks the chain once in five seconds, however often it is asked', async () => {
    await using server = await startTestServer({ network })
    const readings = () => server.rpc.calls().filter((method) => method === 'eth_gasPrice').length

    await Promise.all([1, 2, 3].map(() => server.get('/api/config')))
    await server.get('/api/config')
    const atOnce = readings()
    server.clock.advance(5_000)
    await server.get('/api/config')

    expect(atOnce).toBe(1)
    expect(readings()).toBe(2)
  })

  test('bridges an outage of the chain for five seconds, and remembers none', async () => {
    await using server = await startTestServer({ network })
    await server.get('/api/config')
    await server.rpc.goDown()

    const bridged = await server.get('/api/config')
    server.clock.advance(5_000)
    const later = await server.get('/api/config')
    await server.rpc.comeBack()
    const again = await server.get('/api/config')

    expect(bridged.status).toBe(200)
    expectProblem(later, 'chain-unavailable')
    expect(again.status).toBe(200)
  })

  test('names a gas reserve with which a deposit of the minimum succeeds', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser()
    const { minimumDeposit, gasReserve } = (await server.get('/api/config')).body

    await user.pay(user.brokerAddress, parseOg(minimumDeposit) + parseOg(gasReserve))
    const funded = await user.requestFund(minimumDeposit)

    expect(funded.status).toBe(200)
  })
})
