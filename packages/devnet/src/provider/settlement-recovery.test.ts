import type { Hex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createChainClients } from '../chain/clients.ts'
import { type Devnet, startDevnet } from '../devnet.ts'
import { createCustomer } from '../testing/client.ts'
import { createChainState } from './chain-state.ts'
import { createFeeBook, type FeeRecord } from './fee-book.ts'
import { createSettler } from './settlement.ts'
import { createProviderSpecs, type ProviderSpec } from './spec.ts'

describe('a provider that ended in the middle of a settlement', () => {
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

  test('does not collect again what the chain has paid', async () => {
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
