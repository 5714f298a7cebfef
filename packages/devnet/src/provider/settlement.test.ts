import { getAddress, type Hex, numberToHex, parseEther } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createChainClients } from '../chain/clients.ts'
import { inferenceAbi } from '../contracts/abi.ts'
import { type Devnet, startDevnet } from '../devnet.ts'
import { createCustomer, postChat } from '../testing/client.ts'
import { createChainState } from './chain-state.ts'
import { createFeeBook, type FeeRecord } from './fee-book.ts'
import type { DevnetProvider } from './provider.ts'
import { createSettler } from './settlement.ts'
import { createProviderSpecs, type ProviderSpec } from './spec.ts'

describe('a settlement', () => {
  let devnet: Devnet
  let provider: DevnetProvider
  beforeAll(async () => {
    devnet = await startDevnet()
    ;[provider] = devnet.providers as [DevnetProvider]
  })
  afterAll(() => devnet.close())

  const balanceOf = async (user: `0x${string}`) => {
    const { address, abi, functionName } = {
      address: devnet.contracts.inference,
      abi: inferenceAbi,
      functionName: 'getAccount',
    } as const
    const account = await devnet.publicClient.readContract({
      address,
      abi,
      functionName,
      args: [user, provider.address],
    })
    return account.balance
  }

  test('pays what there is and leaves the rest owed', async () => {
    const { account, authorization } = await createCustomer(devnet, provider, { lockedNeuron: parseEther('1') })
    provider.order({ kind: 'flood', bytes: 9_000_000 })
    await (await postChat(provider, authorization)).text()
    const owed = provider.unsettledFee(account.address)

    const outcomes = await provider.settle()

    expect(owed).toBeGreaterThan(parseEther('1'))
    expect(outcomes.find(({ user }) => user === account.address)).toMatchObject({
      status: 'partial',
      totalFee: owed,
      paid: parseEther('1'),
    })
    expect(provider.unsettledFee(account.address)).toBe(owed - parseEther('1'))
    expect(await balanceOf(account.address)).toBe(0n)
  })

  test('charges each request once, however many settlements run at a time', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    await postChat(provider, authorization)
    const owed = provider.unsettledFee(account.address)

    await Promise.all([provider.settle(), devnet.settle(), provider.settle()])
    await postChat(provider, authorization)
    await Promise.all([provider.settle(), provider.settle()])

    expect(provider.unsettledFee(account.address)).toBe(0n)
    expect(await balanceOf(account.address)).toBe(parseEther('2') - 2n * owed)
  })

  test('leaves owed what is finished while it runs', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    await postChat(provider, authorization)
    const fee = provider.unsettledFee(account.address)

    const [outcomes] = await Promise.all([provider.settle(), postChat(provider, authorization)])

    const paid = outcomes.find(({ user }) => user === account.address)?.paid ?? 0n
    expect(provider.unsettledFee(account.address) + paid).toBe(2n * fee)
    expect(await balanceOf(account.address)).toBe(parseEther('2') - paid)
  })

  test('of nothing sends no transaction', async () => {
    await using idle = await startDevnet()
    const before = await idle.publicClient.getBlockNumber()

    expect(await idle.settle()).toEqual([])

    expect(await idle.publicClient.getBlockNumber()).toBe(before)
  })
})

describe('a settler', () => {
  let devnet: Devnet
  let spec: ProviderSpec
  beforeAll(async () => {
    devnet = await startDevnet()
    ;[spec] = createProviderSpecs() as [ProviderSpec]
  })
  afterAll(() => devnet.close())

  /** A user who owes 7 neuron, and all states of the fee book that a settlement of it kept. */
  async function settleWatched() {
    const [provider] = devnet.providers
    if (!provider) throw new Error('The devnet has no provider')
    const { account } = await createCustomer(devnet, provider)
    const kept: FeeRecord[] = []
    const fees = createFeeBook(undefined, async (record) => void kept.push(structuredClone(record)))
    await fees.charge(account.address, { requestHash: 'aa', inputFee: 3n, outputFee: 4n })
    const settler = createTestSettler(fees)
    await settler.settle()
    return { user: account.address, kept: kept as [FeeRecord, FeeRecord, FeeRecord] }
  }

  function createTestSettler(fees: ReturnType<typeof createFeeBook>) {
    const clients = createChainClients(devnet.rpcUrl)
    const chain = createChainState({ publicClient: clients.publicClient, provider: spec.wallet.address, cacheMs: 0 })
    return createSettler({ spec, clients, chain, fees })
  }

  test('takes more users than fit in one transaction, and leaves owed what the contract refuses', async () => {
    const fees = createFeeBook()
    const strangers = Array.from({ length: 51 }, (_, index) => getAddress(numberToHex(index + 1, { size: 20 })))
    await Promise.all(strangers.map((user) => fees.charge(user, { requestHash: 'aa', inputFee: 1n, outputFee: 1n })))
    const countTransactions = () => devnet.publicClient.getTransactionCount({ address: spec.wallet.address })
    const before = await countTransactions()

    const outcomes = await createTestSettler(fees).settle()

    expect(outcomes.map(({ status, paid }) => ({ status, paid }))).toEqual(
      Array.from({ length: 51 }, () => ({ status: 'invalid-signature', paid: 0n })), // none of them has an account
    )
    expect(await countTransactions()).toBe(before + 2)
    expect(fees.listOpen()).toHaveLength(51)
  })

  test('does not collect again what the chain has paid before an end that came in between', async () => {
    const { user, kept } = await settleWatched()
    const [, begun, finished] = kept
    const fees = createFeeBook(begun)
    await fees.charge(user, { requestHash: 'bb', inputFee: 0n, outputFee: 5n })
    const settler = createTestSettler(fees)

    await settler.recover()

    expect(begun.pending?.tabs).toEqual([{ user, count: 1, total: 7n }])
    expect(finished.tabs.size).toBe(0)
    expect(fees.unsettled(user)).toBe(5n)
    expect(await settler.settle()).toMatchObject([{ user, totalFee: 5n, paid: 5n, status: 'success' }])
  })

  test('collects what has not reached the chain', async () => {
    const { user, kept } = await settleWatched()
    const lost: Hex = `0x${'ab'.repeat(32)}`
    const fees = createFeeBook({ ...kept[0], pending: { hash: lost, tabs: [{ user, count: 1, total: 7n }] } })

    const outcomes = await createTestSettler(fees).settle()

    expect(outcomes).toMatchObject([{ user, totalFee: 7n, paid: 7n, status: 'success' }])
    expect(fees.unsettled(user)).toBe(0n)
  })

  test('waits for what is still to be mined', async () => {
    const { user, kept } = await settleWatched()
    const fees = createFeeBook(kept[0])
    const settler = createTestSettler(fees)
    await devnet.testClient.setAutomine(false)

    const settlement = settler.settle()
    await expect.poll(() => fees.pending()?.hash).toBeDefined()
    await expect.poll(async () => (await devnet.testClient.getTxpoolStatus()).pending).toBe(1)
    const restarted = createTestSettler(fees)
    await expect(restarted.settle()).rejects.toThrow('still waits to be mined')
    await devnet.testClient.setAutomine(true)
    await devnet.testClient.mine({ blocks: 1 })

    expect(await settlement).toMatchObject([{ user, paid: 7n }])
    expect(await restarted.settle()).toEqual([])
  })
})
