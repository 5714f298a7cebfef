import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
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

describe('POST /api/broker/init', () => {
  test('tells a newcomer where to send how much', async () => {
    const user = await server.newUser()

    const answer = await user.init()

    expect(answer).toMatchObject({
      status: 200,
      body: {
        success: true,
        brokerAddress: user.brokerAddress,
        status: 'awaiting-deposit',
        message: expect.stringContaining('first deposit'),
        minimumDeposit: '3',
        chainId: 31337,
      },
    })
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
  })

  test('gives a payment link that pays the minimum deposit and its gas', async () => {
    const user = await server.newUser()
    const { paymentUri, minimumDeposit } = (await user.init()).body

    await user.payLink(paymentUri)
    const funded = await user.requestFund(minimumDeposit)

    expect(funded).toMatchObject({ status: 200, body: { newBalance: minimumDeposit } })
  })

  test('says that a funded account is active', async () => {
    const user = await server.newUser({ deposit: '3' })

    const { body } = await user.init()

    expect(body.status).toBe('active')
  })

  test('gives every user an account of their own, and each the same every time', async () => {
    const [alice, bob] = await Promise.all([server.newUser(), server.newUser()])

    const answers = [await alice.init(), await bob.init(), await alice.init()]

    const [first, other, again] = answers.map(({ body }) => body.brokerAddress)
    expect(first).not.toBe(other)
    expect(again).toBe(first)
  })

  test('gives an address in lower case and checksummed the same account', async () => {
    const user = await server.newUser()

    const lower = await user.init({ address: user.address.toLowerCase() })

    expect(lower).toMatchObject({ status: 200, body: { brokerAddress: user.brokerAddress } })
  })
})

describe('GET /api/broker/balance/{address}', () => {
  test('shows a newcomer zeros', async () => {
    const user = await server.newUser()

    const answer = await user.balance()

    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      balance: '0',
      formatted: '0',
      currency: 'OG',
      brokerAddress: user.brokerAddress,
      wallet: '0',
      ledger: { total: '0', available: '0', locked: '0' },
      unsettled: '0',
      reserved: '0',
      spendable: '0',
      subAccounts: [],
      withdrawal: { available: '0', locked: '0', lockTimeSeconds: 86_400, current: null },
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('shows what has arrived and is not deposited yet', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, 1n)

    const { body } = await user.balance()

    expect(body).toMatchObject({ balance: '0', wallet: '0.000000000000000001' })
  })

  test('is what the contracts say, to the neuron, before and after the providers settle', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream, { model: 'llama' })
    await user.analyze(dream, { model: 'deepseek' })
    const chain = await readChainBooks(network.devnet, user.brokerAddress)

    const before = await user.balance()
    await network.devnet.settle()
    const after = await user.balance()

    expect(chain.unsettled).toBeGreaterThan(0n)
    expect(before.body).toMatchObject({
      balance: String(chain.total - chain.unsettled),
      formatted: formatOg(chain.total - chain.unsettled),
      unsettled: formatOg(chain.unsettled),
      wallet: formatOg(chain.wallet),
      reserved: '0',
      ledger: { total: '4', available: '1.8', locked: '2.2' },
    })
    const settled = await readChainBooks(network.devnet, user.brokerAddress)
    expect(settled).toMatchObject({ total: chain.total - chain.unsettled, unsettled: 0n })
    expect(after.body).toMatchObject({ balance: before.body.balance, unsettled: '0' })
    expect(after.body.ledger.total).toBe(after.body.formatted)
  })

  test('counts the OG that each provider wants to stay locked as yours but not as spendable', async () => {
    const user = await server.newUser({ deposit: '4' })
    const { cost } = (await user.analyze(dream)).body

    const { body } = await user.balance()

    expect(body.spendable).toBe(formatOg(parseOg('3') - parseOg(cost)))
    expect(body.subAccounts).toMatchObject([
      {
        provider: network.devnet.providers[0]?.address,
        balance: '1.1',
        unsettled: cost,
        spendable: formatOg(parseOg('0.1') - parseOg(cost)),
      },
    ])
    expect(body.withdrawal).toEqual({ available: '2.9', locked: '1.1', lockTimeSeconds: 86_400, current: null })
  })

  test('agrees with the balance that analyses report after settlements', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    await network.devnet.settle()

    const { remainingBalance } = (await user.analyze(dream)).body

    expect((await user.balance()).body.formatted).toBe(remainingBalance)
    expect((await user.balance()).body.formatted).toBe(remainingBalance)
  })

  test('may be read with one signature as often as one likes while it is fresh', async () => {
    const user = await server.newUser()
    const timestamp = server.clock.now()

    const answers = [await user.balance({ timestamp }), await user.balance({ timestamp })]

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })

  test('finds the account on chain when the database was lost', async () => {
    await using fresh = await startTestServer({ network })
    const user = await fresh.newUser({ deposit: '4' })
    const { remainingBalance } = (await user.analyze(dream)).body
    await using other = await startTestServer({ network })

    const balance = await user.balance({ server: other })
    const answer = await user.analyze(dream, undefined, { server: other })

    expect(balance.body.formatted).toBe(remainingBalance)
    expect(answer.status).toBe(200)
    const { total, unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(parseOg(answer.body.remainingBalance)).toBe(total - unsettled)
  })
})
