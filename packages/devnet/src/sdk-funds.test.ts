import { parseEther } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Devnet, startDevnet } from './devnet.ts'
import type { DevnetProvider } from './provider/provider.ts'
import { type Broker, chatWithSdk, openSdkAccount } from './testing/sdk.ts'

const lockTimeSeconds = 3_600

describe('money under the unmodified 0G SDK', () => {
  let devnet: Devnet
  let provider: DevnetProvider
  let other: DevnetProvider
  beforeAll(async () => {
    devnet = await startDevnet({ lockTimeSeconds })
    ;[provider, other] = devnet.providers as [DevnetProvider, DevnetProvider]
  })
  afterAll(() => devnet.close())

  /** Asks for everything back, lets the lock time pass, and takes it. */
  async function retrieveAll(broker: Broker) {
    await broker.ledger.retrieveFund('inference')
    await devnet.testClient.increaseTime({ seconds: lockTimeSeconds + 1 })
    await devnet.testClient.mine({ blocks: 1 })
    await broker.ledger.retrieveFund('inference')
  }

  test('comes back to the wallet after the lock time', async () => {
    const { user, sdk } = await openSdkAccount(devnet, 0, provider)
    using _quiet = sdk
    const { broker } = sdk
    const walletBefore = await devnet.publicClient.getBalance({ address: user.address })

    await broker.ledger.retrieveFund('inference')
    const requested = await broker.inference.getAccount(provider.address)
    await retrieveAll(broker)
    const retrieved = await broker.inference.getAccount(provider.address)
    await broker.ledger.refund(10)

    expect([requested.balance, requested.pendingRefund]).toEqual([parseEther('3'), parseEther('3')])
    expect(retrieved.balance).toBe(0n)
    const wallet = await devnet.publicClient.getBalance({ address: user.address })
    expect(wallet - walletBefore).toBeGreaterThan(parseEther('9.99')) // but for the gas
    await expect(broker.ledger.getLedger()).rejects.toThrow()
  })

  test('of several users is settled in one transaction', async () => {
    const accounts = []
    for (const userIndex of [1, 2, 3]) accounts.push(await openSdkAccount(devnet, userIndex, other))
    for (const { sdk } of accounts) await (await chatWithSdk(sdk.broker, other)).text()
    for (const { sdk } of accounts.reverse()) sdk[Symbol.dispose]()
    const transactionsBefore = await devnet.publicClient.getTransactionCount({ address: other.address })

    const outcomes = await other.settle()

    const users = accounts.map(({ user }) => user.address)
    expect(outcomes.map(({ status }) => status)).toEqual(['success', 'success', 'success'])
    expect(new Set(outcomes.map(({ user }) => user))).toEqual(new Set(users))
    expect(users.map(other.unsettledFee)).toEqual([0n, 0n, 0n])
    expect(await devnet.publicClient.getTransactionCount({ address: other.address })).toBe(transactionsBefore + 1)
  })

  test('is owed on when the account was drained, and paid once there is some again', async () => {
    const { user, sdk } = await openSdkAccount(devnet, 4, provider)
    using _quiet = sdk
    const { broker } = sdk
    await (await chatWithSdk(broker, provider)).text()
    const owed = provider.unsettledFee(user.address)
    await retrieveAll(broker)

    const drained = await provider.settle()
    await broker.ledger.transferFund(provider.address, 'inference', parseEther('1'))
    const filled = await provider.settle()

    const common = { provider: provider.address, user: user.address, totalFee: owed }
    expect(drained).toEqual([{ ...common, paid: 0n, status: 'partial' }])
    expect(filled).toEqual([{ ...common, paid: owed, status: 'success' }])
    expect((await broker.inference.getAccount(provider.address)).balance).toBe(parseEther('1') - owed)
  })
})
