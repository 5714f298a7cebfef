import { inferenceAbi } from '@dreamscape/devnet/contracts/abi'
import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { signSettlement } from '@dreamscape/devnet/provider/settlement-data'
import { createProviderSpecs } from '@dreamscape/devnet/provider/spec'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { type Address, createWalletClient, http, zeroHash } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { correctionOf } from './reconciliation.ts'

let network: TestNetwork
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(() => network.close())

const llamaOnly = { model: 'llama-3.3-70b-instruct' }

describe('a provider that finds the balance too low again and again', () => {
  test('gets no more than one transfer', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '10' })
    const body = await user.signAnalyze(dream, llamaOnly)

    for (let round = 0; round < 5; round += 1) {
      llama.order({ kind: 'refuse-balance' })
      llama.order({ kind: 'refuse-balance' })
      expectProblem(await server.post('/api/ai/analyze', body), 'provider-unavailable')
    }

    const { locks } = await readChainBooks(network.devnet, user.brokerAddress)
    expect([...locks.values()].map(formatOg)).toEqual(['1.1'])
  })
})

test('a usage of nothing is compared with the bill all the same', async () => {
  await using server = await startTestServer({ network })
  const user = await server.newUser({ deposit: '3' })
  llama.order({ kind: 'bad-usage', usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } })
  const answer = await user.analyze(dream, llamaOnly)

  await reconcile(server)

  const billed = llama.unsettledFee(user.brokerAddress)
  expect(answer.body.cost).toBe('0')
  expect(billed).toBeGreaterThan(0n)
  expect(await server.rows('sub_account', user)).toMatchObject([{ charged: billed, checked: billed }])
  await expectExactBooks(server, user)
})

describe('a usage that does not fit any integer', () => {
  test.each([2 ** 31, 2 ** 53 - 1])('of %s tokens costs the worst case and loses no answer', async (tokens) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'bad-usage', usage: { prompt_tokens: tokens, completion_tokens: 1, total_tokens: tokens } })

    const answer = await user.analyze(dream, llamaOnly)

    const [reservation] = await server.rows('reservation', user)
    expect(answer.status).toBe(200)
    expect(parseOg(answer.body.cost)).toBe(reservation?.amount)
    expect(await server.rows('quarantine')).toMatchObject([{ provider: llama.address }])
  })

  test('keeps the provider away also from the next process', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'bad-usage', usage: { prompt_tokens: 1e9, completion_tokens: 1, total_tokens: 1e9 } })
    await user.analyze(dream, llamaOnly)

    await server.restart()

    expectProblem(await user.analyze(dream, llamaOnly), 'provider-unavailable')
    expect((await user.analyze(dream, { model: 'deepseek' })).status).toBe(200)
  })
})

describe('a sub-account that only the chain remembers', () => {
  test('is opened when its provider tells what it is owed, and not funded before', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '4' })
    const { cost } = (await user.analyze(dream, llamaOnly)).body
    await using heir = await startTestServer({ network, clock: server.clock })
    const moved = await readChainBooks(network.devnet, user.brokerAddress)

    const answer = await user.analyze(dream, llamaOnly, { server: heir })

    const books = await readChainBooks(network.devnet, user.brokerAddress)
    expect(answer.status).toBe(200)
    expect(books.nonce).toBe(moved.nonce)
    expect(parseOg(answer.body.remainingBalance)).toBe(books.total - books.unsettled)
    expect(books.unsettled).toBe(parseOg(cost) + parseOg(answer.body.cost))
  })
})

describe('what is booked for a bill', () => {
  const bill = (settled: bigint, unsettled: bigint) => ({ settled, billed: settled + unsettled })

  test.each([
    ['nothing when it is what was charged', bill(10n, 5n), { amount: 0n, excess: 0n }],
    ['what a request could have cost beyond what was told', bill(10n, 9n), { amount: 4n, excess: 0n }],
    ['no claim beyond what requests can cost', bill(0n, 500n), { amount: 20n, excess: 465n }],
    ['what the chain has paid, however much', bill(500n, 0n), { amount: 485n, excess: 465n }],
    ['less, once it is paid and nothing more is claimed', bill(10n, 0n), { amount: -5n, excess: 0n }],
  ])('is %s', (_what, given, booked) => {
    expect(correctionOf({ bill: given, charged: 15n, slack: 20n, settledBefore: 0n })).toEqual({
      state: 'book',
      ...booked,
    })
  })

  test.each([
    ['a fee is forgotten before the chain has taken anything', bill(0n, 0n), 0n],
    ['nothing was taken since the last look', bill(10n, 0n), 10n],
    ['something is still claimed', bill(10n, 2n), 0n],
  ])('waits while %s', (_what, given, settledBefore) => {
    expect(correctionOf({ bill: given, charged: 15n, slack: 20n, settledBefore })).toEqual({ state: 'wait' })
  })
})

/** The provider settles far more than it has earned, signed by its TEE key: the contract pays what is locked. */
async function takeAll(user: Address): Promise<void> {
  const { publicClient, contracts, rpcUrl } = network.devnet
  const spec = createProviderSpecs().find(({ model }) => model === llama.model)
  if (!spec) throw new Error('There is no such provider')
  const nonce = BigInt(Date.now()) * 10_000n
  const settlement = { user, provider: llama.address, totalFee: parseOg('50'), requestsHash: zeroHash, nonce }
  const wallet = createWalletClient({ account: spec.wallet, chain: publicClient.chain, transport: http(rpcUrl) })
  const hash = await wallet.writeContract({
    address: contracts.inference,
    abi: inferenceAbi,
    functionName: 'settleFeesWithTEE',
    args: [[await signSettlement(spec.teeSigner, settlement)]],
  })
  await publicClient.waitForTransactionReceipt({ hash })
}

/** Moves the time past grace and lets the server look twice at bills that stand still. */
async function reconcile(server: TestServer): Promise<void> {
  server.clock.advance(180_001)
  await server.context.reconciliation.run()
  server.clock.advance(120_000)
  await server.context.reconciliation.run()
}

test('nothing is asked about a user whose bill was found to be right', async () => {
  await using server = await startTestServer({ network })
  const user = await server.newUser({ deposit: '3' })
  await user.analyze(dream, llamaOnly)
  await reconcile(server)
  const asked = llama.requests.unsettledFee
  server.rpc.forget()

  await reconcile(server)

  expect(server.rpc.calls()).toEqual([])
  expect(llama.requests.unsettledFee).toBe(asked)
})

describe('a provider that takes more than it may', () => {
  // Embedded, because there a transaction has the only connection: nothing in it may ask for another one.
  test('is entrusted nothing more, and the books follow the chain', async () => {
    await using server = await startTestServer({ network, database: 'embedded' })
    const user = await server.newUser({ deposit: '10' })
    await user.analyze(dream, llamaOnly)
    await takeAll(user.brokerAddress)
    await reconcile(server)

    const answer = await user.analyze(dream, llamaOnly)

    const { total, locks } = await readChainBooks(network.devnet, user.brokerAddress)
    expectProblem(answer, 'provider-unavailable')
    expect([...locks.values()].map(formatOg)).toEqual(['0'])
    expect(parseOg((await user.balance()).body.formatted)).toBe(total)
    expect(await server.context.broker.findBalance(user.address, server.context.db)).toBe(total)
    expect(await server.rows('quarantine')).toMatchObject([{ provider: llama.address }])
  })
})
