import { parseOg } from '@dreamscape/protocol/money'
import { createWalletClient, type Hex, http, toFunctionSelector } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ceilingOf, deriveBrokerKey, termsOf } from '../../chain/broker-signer.ts'
import { Secret } from '../../platform/secret.ts'
import { readChainBooks } from '../../testing/chain-books.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer, testSecret } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'

// These tests stop the chain from mining, so nothing else may use it.
let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.close())
afterEach(() => network.devnet.testClient.setAutomine(true))

const sending = 'eth_sendRawTransaction'

describe('a transaction that no block takes', () => {
  test('is replaced by the same one for more, and mined once', async () => {
    await using server = await startTestServer({ network })
    const { user, body } = await readyToFund(server)
    await network.devnet.testClient.setAutomine(false)
    const pending = await server.post('/api/broker/fund', body)
    server.clock.advance(30_000)

    await server.post('/api/broker/fund', body)

    const [first, second] = await attempts(server)
    expect(pending).toMatchObject({ status: 202, body: { status: 'pending', txHash: first?.hash } })
    expect(second?.hash).not.toBe(first?.hash)
    await network.devnet.testClient.mine({ blocks: 1 })
    expect(await server.post('/api/broker/fund', body)).toMatchObject({
      status: 200,
      body: { status: 'confirmed', txHash: second?.hash, newBalance: '4' },
    })
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: parseOg('4') })
    expect(await server.rows('chain_transaction', user)).toMatchObject([{ state: 'confirmed', nonce: 0 }])
  })

  test('follows the price of gas up to ten times its first one', async () => {
    await using server = await startTestServer({ network })
    const { body } = await readyToFund(server)
    await network.devnet.testClient.setAutomine(false)
    await server.post('/api/broker/fund', body)

    await outpriceNewest(server)
    await stayStuck(server)
    const followed = await attempts(server)
    await outpriceNewest(server)
    await stayStuck(server)

    expect(followed).toHaveLength(2)
    expect(await attempts(server)).toHaveLength(2)
  })

  test('is sent again when the node has dropped it', async () => {
    await using server = await startTestServer({ network })
    const { user, body } = await readyToFund(server)
    await network.devnet.testClient.setAutomine(false)
    const pending = await server.post('/api/broker/fund', body)
    await network.devnet.testClient.dropTransaction({ hash: pending.body.txHash })
    await network.devnet.testClient.setAutomine(true)

    const answer = await server.post('/api/broker/fund', body)

    expect(answer).toMatchObject({ status: 200, body: { txHash: pending.body.txHash } })
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: parseOg('4') })
  })

  test('of which the node says that it knows it already is waited for', async () => {
    await using server = await startTestServer({ network })
    const { body } = await readyToFund(server)
    await network.devnet.testClient.setAutomine(false)
    await server.post('/api/broker/fund', body)

    await server.context.resumeTransactions()

    expect(await server.rows('chain_transaction')).toMatchObject([{ state: 'broadcast' }])
    expect(server.logged('transaction not accepted')).toEqual([])
  })
})

describe('taking up what is open', () => {
  test('sends once and looks once', async () => {
    await using server = await startTestServer({ network })
    const { body } = await readyToFund(server)
    await network.devnet.testClient.setAutomine(false)
    await server.post('/api/broker/fund', body)
    server.rpc.forget()

    await server.context.resumeTransactions()

    const calls = server.rpc.calls()
    expect(calls.filter((method) => method === sending)).toHaveLength(1)
    expect(calls.filter((method) => method === 'eth_getTransactionReceipt')).toHaveLength(1)
  })

  test('goes on with one account while another one’s is refused, and ends what was mined', async () => {
    await using server = await startTestServer({ network })
    const one = await readyToFund(server)
    const other = await readyToFund(server)
    server.rpc.loseRequests(sending)
    await server.post('/api/broker/fund', one.body)
    await server.post('/api/broker/fund', other.body)
    server.rpc.heal()
    server.rpc.refuse(sending, 'the moon is full', 1)

    await server.context.resumeTransactions()

    const states = async () => (await server.rows('chain_transaction')).map(({ state }) => state)
    expect((await states()).filter((state) => state === 'unknown')).toHaveLength(1)
    // The block may be made a moment after the one look.
    await expect.poll(async () => server.context.resumeTransactions().then(states)).toContain('confirmed')
  })

  test('of a transaction that is refused for good warns once, and alarms once', async () => {
    await using server = await startTestServer({ network })
    const { body } = await readyToFund(server)
    server.rpc.refuse(sending, 'the moon is full', 100)
    await server.post('/api/broker/fund', body)

    for (let round = 0; round < 20; round += 1) await server.context.resumeTransactions()

    const levels = server.logged('transaction not accepted').map(({ level }) => Number(level))
    expect(levels.length).toBeGreaterThan(20)
    expect(levels.filter((level) => level >= 40)).toEqual([40, 50])
  })
})

describe('a node that', () => {
  test('asks too much for gas gets nothing signed', async () => {
    await using server = await startTestServer({ network })
    const { user, body } = await readyToFund(server)
    const { testClient } = network.devnet
    await testClient.setNextBlockBaseFeePerGas({ baseFeePerGas: 2n * 10n ** 12n })
    await testClient.mine({ blocks: 1 })

    const refused = await server.post('/api/broker/fund', body)
    const asked = await server.get('/api/config')
    await testClient.setNextBlockBaseFeePerGas({ baseFeePerGas: 10n ** 9n })
    await testClient.mine({ blocks: 1 })

    for (const answer of [refused, asked]) {
      expect(expectProblem(answer, 'chain-unavailable')).toMatchObject({ maxGasPrice: '1000000000000' })
    }
    expect(await server.rows('chain_transaction', user)).toEqual([])
    expect((await server.post('/api/broker/fund', body)).status).toBe(200)
  })

  test('asks too much for gas gets no dearer form of what was signed', async () => {
    const MAX_GAS_PRICE = 4n * 10n ** 9n
    await using server = await startTestServer({ network, settings: { MAX_GAS_PRICE } })
    const { testClient } = network.devnet
    await testClient.setNextBlockBaseFeePerGas({ baseFeePerGas: 10n ** 9n })
    await testClient.mine({ blocks: 1 })
    const { body } = await readyToFund(server)
    await testClient.setAutomine(false)
    await server.post('/api/broker/fund', body)

    for (let round = 0; round < 6; round += 1) await stayStuck(server)

    const ceilings = (await attempts(server)).map(({ raw }) => ceilingOf(termsOf(raw as Hex).fees))
    expect(ceilings.length).toBeGreaterThan(1)
    expect(ceilings.every((ceiling) => ceiling <= MAX_GAS_PRICE)).toBe(true)
    expect(server.logged('transaction not replaced')).not.toEqual([])
  })

  test('finds the price too low is offered more at once', async () => {
    await using server = await startTestServer({ network })
    const { user, body } = await readyToFund(server)
    server.rpc.refuse(sending, 'transaction underpriced', 1)

    const answer = await server.post('/api/broker/fund', body)

    expect(answer).toMatchObject({ status: 200, body: { status: 'confirmed' } })
    expect(await attempts(server)).toHaveLength(2)
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: parseOg('4') })
  })

  test('finds no money for gas gets the same bytes again when there is some', async () => {
    await using server = await startTestServer({ network })
    const { user, body } = await readyToFund(server)
    const { wallet } = await readChainBooks(network.devnet, user.brokerAddress)
    server.rpc.watch(async (methods) => {
      if (methods.includes(sending)) await setWallet(user, 1n)
    })
    const pending = await server.post('/api/broker/fund', body)
    server.rpc.watch(async () => {})
    await setWallet(user, wallet)

    const answer = await server.post('/api/broker/fund', body)

    expect(pending).toMatchObject({ status: 202, body: { status: 'pending' } })
    expect(server.logged('transaction not accepted')[0]).toMatchObject({ state: 'no-gas-money' })
    expect(answer).toMatchObject({ status: 200, body: { txHash: pending.body.txHash } })
    expect(await attempts(server)).toHaveLength(1)
  })

  test('refuses for a reason of its own is asked again', async () => {
    await using server = await startTestServer({ network })
    const { user, body } = await readyToFund(server)
    server.rpc.refuse(sending, 'the moon is full', 2)

    const answer = await server.post('/api/broker/fund', body)

    expect(server.logged('transaction not accepted')[0]).toMatchObject({ state: 'rejected' })
    expect(answer.status).toBe(200)
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: parseOg('4') })
  })
})

test.each([
  ['with an error we know', `0x63${toFunctionSelector('LedgerLocked()').slice(2)}60e01b5f5260045ffd`, 'LedgerLocked'],
  ['with one that we do not', `0x63${toFunctionSelector('Moonstruck()').slice(2)}60e01b5f5260045ffd`, 'Reverted'],
  ['without a word', '0x5f5ffd', 'Reverted'],
] as [string, Hex, string][])(
  'a transaction that the contract refuses beforehand %s is told as that, and nothing is sent',
  async (_how, bytecode, contractError) => {
    await using server = await startTestServer({ network })
    const { user, body } = await readyToFund(server)
    const { ledger } = network.devnet.contracts
    const code = (await network.devnet.publicClient.getCode({ address: ledger })) ?? '0x'
    server.rpc.watch(async (methods) => {
      if (methods.includes('eth_estimateGas')) await network.devnet.testClient.setCode({ address: ledger, bytecode })
    })

    const refused = await server.post('/api/broker/fund', body)
    server.rpc.watch(async () => {})
    await network.devnet.testClient.setCode({ address: ledger, bytecode: code })

    expect(expectProblem(refused, 'invalid-request')).toMatchObject({ contractError })
    expect(refused.headers.get('retry-after')).toBeNull()
    expect(await server.rows('chain_transaction', user)).toEqual([])
    expect((await server.post('/api/broker/fund', body)).status).toBe(200)
  },
)

test('a transaction that the contract reverts has failed, and moved nothing but gas', async () => {
  await using server = await startTestServer({ network })
  const { user, body } = await readyToFund(server)
  const { ledger } = network.devnet.contracts
  const code = (await network.devnet.publicClient.getCode({ address: ledger })) ?? '0x'
  server.rpc.watch(async (methods) => {
    if (methods.includes(sending)) await network.devnet.testClient.setCode({ address: ledger, bytecode: '0x5f5ffd' })
  })

  const sent = server.post('/api/broker/fund', body)
  await expect.poll(() => network.devnet.publicClient.getTransactionCount({ address: user.brokerAddress })).toBe(1)
  await network.devnet.testClient.setCode({ address: ledger, bytecode: code })
  server.rpc.watch(async () => {})

  expectProblem(await sent, 'transaction-failed')
  const [entry] = await server.rows('chain_transaction', user)
  expect(entry).toMatchObject({ state: 'failed', gas_used: expect.any(BigInt) })
  expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: 0n })
  expectProblem(await server.post('/api/broker/fund', body), 'transaction-failed')
  expect((await user.requestFund('3')).status).toBe(200)
})

test('a transaction whose nonce another one took has failed once that is sure, and a new one works', async () => {
  await using server = await startTestServer({ network })
  const { user, body } = await readyToFund(server)
  server.rpc.watch(async (methods) => {
    if (methods.includes(sending)) await spendNonce(user)
  })
  const pending = await server.post('/api/broker/fund', body)
  server.rpc.watch(async () => {})
  server.clock.advance(120_001)

  const failed = await server.post('/api/broker/fund', body)

  expect(pending).toMatchObject({ status: 202, body: { status: 'pending' } })
  expect(server.logged('transaction not accepted')[0]).toMatchObject({ state: 'nonce-used' })
  expectProblem(failed, 'transaction-failed')
  expect(await server.rows('chain_transaction', user)).toMatchObject([{ state: 'failed', gas_used: null }])
  expect(await user.requestFund('4')).toMatchObject({ status: 200, body: { newBalance: '4' } })
})

test('a transaction that a reorganisation of three blocks takes out is sent again, and counts once it is deep enough', async () => {
  await using server = await startTestServer({ network, settings: { CONFIRMATIONS: 4 } })
  const { user, body } = await readyToFund(server)
  const { testClient, publicClient } = network.devnet
  const pending = await server.post('/api/broker/fund', body)
  await testClient.mine({ blocks: 2 })
  await testClient.request<Reorganise>({ method: 'anvil_reorg', params: [3, []] })
  const outside = await publicClient.getTransactionReceipt({ hash: pending.body.txHash }).catch(() => undefined)

  const again = await server.post('/api/broker/fund', body)
  await testClient.mine({ blocks: 4 })
  const answer = await server.post('/api/broker/fund', body)

  expect(pending).toMatchObject({ status: 202, body: { status: 'pending' } })
  expect(outside).toBeUndefined()
  expect(again).toMatchObject({ status: 202, body: { status: 'pending' } })
  expect(answer).toMatchObject({ status: 200, body: { status: 'confirmed' } })
  expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ nonce: 1, total: parseOg('4') })
})

type Reorganise = { Method: 'anvil_reorg'; Parameters: [number, never[]]; ReturnType: null }

/** A user whose broker address holds 10 OG, and the signed body of a Fund call over 4 of them. */
async function readyToFund(server: TestServer) {
  const user = await server.newUser()
  await user.pay(user.brokerAddress, parseOg('10'))
  return { user, body: await user.signFund('4') }
}

/** The base fee becomes twice what the newest attempt would pay, so no block takes it. */
async function outpriceNewest(server: TestServer): Promise<void> {
  const newest = (await attempts(server)).at(-1)
  const baseFeePerGas = ceilingOf(termsOf(newest?.raw as Hex).fees) * 2n
  await network.devnet.testClient.setNextBlockBaseFeePerGas({ baseFeePerGas })
  await network.devnet.testClient.mine({ blocks: 1 })
}

async function stayStuck(server: TestServer): Promise<void> {
  server.clock.advance(30_000)
  await server.context.resumeTransactions()
}

/** Oldest first. */
async function attempts(server: TestServer) {
  const rows = await server.rows('transaction_attempt')
  return rows.sort((a, b) => Number(a.created_at) - Number(b.created_at))
}

function setWallet(user: TestUser, value: bigint) {
  return network.devnet.testClient.setBalance({ address: user.brokerAddress, value })
}

/** Somebody else with the same secret uses the broker account's next nonce. */
async function spendNonce(user: TestUser): Promise<void> {
  const { publicClient, rpcUrl } = network.devnet
  if ((await publicClient.getTransactionCount({ address: user.brokerAddress })) > 0) return
  const account = privateKeyToAccount(deriveBrokerKey(new Secret(testSecret), 31337, user.address))
  const wallet = createWalletClient({ account, chain: publicClient.chain, transport: http(rpcUrl) })
  const hash: Hex = await wallet.sendTransaction({ to: user.address, value: 1n })
  await publicClient.waitForTransactionReceipt({ hash })
}
