import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { encodings } from '../../testing/encodings.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let server: TestServer
beforeAll(async () => {
  network = await startTestNetwork()
  server = await startTestServer({ network })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})

const hourMs = 3_600_000

describe('a deposit asked for again', () => {
  test('at once or later is the one deposit', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')

    const together = await Promise.all([1, 2, 3].map(() => server.post('/api/broker/fund', body)))
    await server.restart()
    server.clock.advance(hourMs)
    const later = await server.post('/api/broker/fund', body)

    expect(new Set([...together, later].map(({ text }) => text)).size).toBe(1)
    expect(later).toMatchObject({ status: 200, body: { newBalance: '4', status: 'confirmed' } })
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ total: parseOg('4'), nonce: 1 })
    expect(await server.rows('deposit', user)).toHaveLength(1)
  })

  test.each(encodings)('with its signature in %s is the one deposit', async (_encoding, encode) => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')

    const answers = await Promise.all([
      server.post('/api/broker/fund', body),
      server.post('/api/broker/fund', { ...body, signature: encode(body.signature) }),
    ])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ total: parseOg('4'), nonce: 1 })
  })

  test('that was refused for lack of funds works once they are there', async () => {
    const user = await server.newUser()
    const body = await user.signFund('4')
    const refused = await server.post('/api/broker/fund', body)
    await user.pay(user.brokerAddress, parseOg('5'))
    server.clock.advance(hourMs)

    const answer = await server.post('/api/broker/fund', body)

    expectProblem(refused, 'insufficient-funds')
    expect(answer).toMatchObject({ status: 200, body: { newBalance: '4' } })
  })

  test('with another amount is refused', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')
    await server.post('/api/broker/fund', body)

    const other = await server.post('/api/broker/fund', { ...body, amount: '5' })

    // The amount is part of the signed text.
    expectProblem(other, 'signature-invalid')
  })
})
