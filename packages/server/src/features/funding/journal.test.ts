import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { keccak256 } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { type Row, startTestServer } from '../../testing/test-server.ts'

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.close())

const sending = 'eth_sendRawTransaction'

describe('the journal', () => {
  test('holds a deposit, signed and claimed, before the chain hears of it', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser()
    const seen: Row[][] = []
    server.rpc.watch(async (methods) => {
      if (methods.includes(sending)) {
        seen.push(await server.rows('chain_transaction', user), await server.rows('deposit', user))
      }
    })

    const { body } = await user.fund('4')

    const [journal, claims] = seen
    expect(seen).toHaveLength(2)
    expect(journal).toMatchObject([
      { state: 'prepared', kind: 'deposit', nonce: 0, hash: body.txHash, amount: parseOg('4') },
    ])
    expect(keccak256(journal?.[0]?.raw as `0x${string}`)).toBe(body.txHash)
    expect(claims).toMatchObject([{ transaction_id: journal?.[0]?.id }])
  })

  test('holds a transfer to a provider before the chain hears of it', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const seen: Row[][] = []
    server.rpc.watch(async (methods) => {
      if (methods.includes(sending)) seen.push(await server.rows('chain_transaction', user))
    })

    await user.analyze(dream)

    expect(seen).toMatchObject([
      [
        { kind: 'deposit', state: 'confirmed' },
        { kind: 'transfer', state: 'prepared', nonce: 1, amount: parseOg('1.1') },
      ],
    ])
  })

  test('tells in the end what the transaction cost', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser()

    const { txHash } = (await user.fund('4')).body

    const receipt = await network.devnet.publicClient.getTransactionReceipt({ hash: txHash })
    expect(await server.rows('chain_transaction', user)).toMatchObject([
      {
        state: 'confirmed',
        block_number: Number(receipt.blockNumber),
        gas_used: receipt.gasUsed,
        effective_gas_price: receipt.effectiveGasPrice,
      },
    ])
  })
})

describe('a deposit whose broadcast was lost', () => {
  test('is pending, and the next process completes it with the same hash, once', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')
    server.rpc.loseRequests(sending)

    const pending = await server.post('/api/broker/fund', body)
    const before = await readChainBooks(network.devnet, user.brokerAddress)
    server.rpc.heal()
    await server.restart()
    const completed = await server.post('/api/broker/fund', body)

    expect(pending).toMatchObject({ status: 202, body: { success: true, status: 'pending', newBalance: '0' } })
    expect(before).toMatchObject({ nonce: 0, total: 0n })
    expect(completed).toMatchObject({
      status: 200,
      body: { status: 'confirmed', newBalance: '4', txHash: pending.body.txHash },
    })
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: parseOg('4') })
  })

  test('is completed in the background, without anybody asking', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    server.rpc.loseRequests(sending)
    await user.requestFund('4')
    server.rpc.heal()

    await server.restart()

    await expect.poll(() => server.rows('chain_transaction', user)).toMatchObject([{ state: 'confirmed' }])
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: parseOg('4') })
  })

  test('comes before a second deposit of the account', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    server.rpc.loseRequests(sending)
    const first = await user.requestFund('4')
    server.rpc.heal()

    const second = await user.requestFund('3')

    expect(second).toMatchObject({ status: 200, body: { newBalance: '7' } })
    const rows = await server.rows('chain_transaction', user)
    expect(rows).toMatchObject([
      { hash: first.body.txHash, nonce: 0, state: 'confirmed' },
      { hash: second.body.txHash, nonce: 1, state: 'confirmed' },
    ])
  })

  test('keeps a second deposit waiting while the chain does not take the first', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    server.rpc.loseRequests(sending)
    await user.requestFund('4')

    const second = await user.requestFund('3')

    expectProblem(second, 'chain-unavailable')
    expect(await server.rows('chain_transaction', user)).toHaveLength(1)
  })

  test('whose answer alone was lost is confirmed all the same', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser()
    server.rpc.loseAnswers(sending)

    const answer = await user.fund('4')

    expect(answer).toMatchObject({ status: 200, body: { status: 'confirmed', newBalance: '4' } })
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: parseOg('4') })
  })

  test('whose receipt cannot be had is pending, and confirmed when asked again', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')
    server.rpc.hideResults('eth_getTransactionReceipt')

    const pending = await server.post('/api/broker/fund', body)
    server.rpc.heal()
    const confirmed = await server.post('/api/broker/fund', body)

    expect(pending).toMatchObject({ status: 202, body: { status: 'pending' } })
    expect(confirmed).toMatchObject({ status: 200, body: { status: 'confirmed', txHash: pending.body.txHash } })
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: parseOg('4') })
  })
})

describe('a transfer to a provider whose broadcast was lost', () => {
  test('fails the analysis, moves nothing, and is made once when the request is repeated', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    server.rpc.loseRequests(sending)

    const refused = await server.post('/api/ai/analyze', body)
    server.rpc.heal()
    const answer = await server.post('/api/ai/analyze', body)

    expectProblem(refused, 'chain-unavailable')
    expect(answer.status).toBe(200)
    const { locks, nonce } = await readChainBooks(network.devnet, user.brokerAddress)
    expect([...locks.values()].map(formatOg)).toEqual(['1.1'])
    expect(nonce).toBe(2)
    expect(await server.rows('sub_account', user)).toMatchObject([{ deposited: parseOg('1.1') }])
  })

  test('is credited once when only its receipt was late', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    server.rpc.hideResults('eth_getTransactionReceipt')

    const refused = await server.post('/api/ai/analyze', body)
    const meanwhile = await user.balance()
    server.rpc.heal()
    await server.restart()
    const answer = await server.post('/api/ai/analyze', body)

    expectProblem(refused, 'chain-unavailable')
    expect(meanwhile.body.formatted).toBe('3')
    expect(answer.status).toBe(200)
    expect(await server.rows('sub_account', user)).toMatchObject([{ deposited: parseOg('1.1') }])
    expect((await user.balance()).body.formatted).toBe(answer.body.remainingBalance)
  })
})

describe('a transaction that was mined while the node hid its receipt for long', () => {
  const longMs = 120_001

  test('is a confirmed deposit once the receipt can be had', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')
    server.rpc.hideResults('eth_getTransactionReceipt')
    const pending = await server.post('/api/broker/fund', body)
    server.clock.advance(longMs)
    await server.post('/api/broker/fund', body)
    server.rpc.heal()

    const answer = await server.post('/api/broker/fund', body)

    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: parseOg('4') })
    expect(answer).toMatchObject({ status: 200, body: { status: 'confirmed', txHash: pending.body.txHash } })
  })

  test('is a transfer that no second one is made for', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '4' })
    server.rpc.hideResults('eth_getTransactionReceipt')
    await user.analyze(dream)
    server.clock.advance(longMs)
    await user.analyze(dream)
    server.rpc.heal()

    const answer = await user.analyze(dream)

    const { locks, total, unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect([...locks.values()].map(formatOg)).toEqual(['1.1'])
    expect(parseOg(answer.body.remainingBalance)).toBe(total - unsettled)
  })

  test('is no reason to correct what was charged', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '4' })
    const { provider } = (await user.analyze(dream)).body
    const { usable } = (await server.context.broker.listUsable(user.address))[0] ?? { usable: 0n }
    server.rpc.hideResults('eth_getTransactionReceipt')
    // Moves as much as was charged, and is told that it is not confirmed.
    await server.context.funding.ensureUsable(user.address, provider, usable + 1n).catch(() => {})
    await server.context.reconciliation.run()
    server.clock.advance(longMs)
    await server.context.reconciliation.run()
    server.rpc.heal()

    await server.restart()
    await user.requestFund('0.000001')

    const { total, unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(await server.rows('adjustment', user)).toEqual([])
    expect(await server.context.broker.findBalance(user.address, server.context.db)).toBe(total - unsettled)
  })
})
