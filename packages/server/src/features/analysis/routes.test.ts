import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer } from '../../testing/test-server.ts'

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.close())

describe.each(['postgres', 'embedded'] as const)('x %s', (database) => {
  test('probe', async () => {
    const lap = (n: string) => { const x = performance.now(); console.log(n, Math.round(x - t)); t = x }
    let t = performance.now()
    await using server = await startTestServer({ network, database }); lap('start')
    const user = await server.newUser({ deposit: '4.0' }); lap('user')
    const res = await user.analyze('I fell into the sea', { model: 'llama' }); lap('analyze')
    console.log(res.status, res.text)
    const res2 = await user.analyze('I fell into the sea', { model: 'llama' }); lap('analyze')
    const b = await user.balance(); lap('balance')
    console.log(b.text)
    await server.restart(); lap('restart')
    console.log((await server.dump()).length, server.logged('request').length)
    expect(res.status).toBe(200)
  })
})
