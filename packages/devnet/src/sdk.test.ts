import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inferenceAbi } from './contracts/abi.ts'
import { type Devnet, startDevnet } from './devnet.ts'
import type { DevnetProvider } from './provider/provider.ts'
import { feeOfUsage, readChat } from './testing/client.ts'
import { chatWithSdk, openSdkAccount } from './testing/sdk.ts'

describe('the unmodified 0G SDK on a devnet', () => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await startDevnet()
  })
  afterAll(() => devnet.close())

  test('accepts a signed answer', async () => {
    const [provider] = devnet.providers as [DevnetProvider]
    const { sdk } = await openSdkAccount(devnet, 0, provider)
    using _quiet = sdk

    const response = await chatWithSdk(sdk.broker, provider)

    expect(response.status).toBe(200)
    const { content, usage } = await readChat(response)
    expect(content).toContain('river')
    const chatId = response.headers.get('zg-res-key') ?? ''
    const isValid = await sdk.broker.inference.processResponse(provider.address, chatId, JSON.stringify(usage))
    expect(isValid).toBe(true)
  })

  test('accepts a signed stream', async () => {
    const [, provider] = devnet.providers as [DevnetProvider, DevnetProvider]
    const { sdk } = await openSdkAccount(devnet, 1, provider)
    using _quiet = sdk

    const response = await chatWithSdk(sdk.broker, provider, { isStream: true })

    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
    const chatId = response.headers.get('zg-res-key') ?? ''
    expect(await sdk.broker.inference.processResponse(provider.address, chatId)).toBe(true)
  })

  test('rejects an answer that another key has signed', async () => {
    const [, provider] = devnet.providers as [DevnetProvider, DevnetProvider]
    const { sdk } = await openSdkAccount(devnet, 3, provider)
    using _quiet = sdk
    provider.order({ kind: 'wrong-signature' })

    const response = await chatWithSdk(sdk.broker, provider)

    const chatId = response.headers.get('zg-res-key') ?? ''
    expect(await sdk.broker.inference.processResponse(provider.address, chatId)).toBe(false)
  })

  test('sees a settlement move exactly the fee from its account to the provider', async () => {
    const [provider] = devnet.providers as [DevnetProvider]
    const { user, sdk } = await openSdkAccount(devnet, 2, provider)
    using _quiet = sdk
    const response = await chatWithSdk(sdk.broker, provider)
    const { usage } = await readChat(response)
    const fee = feeOfUsage(provider, usage)
    const accountBefore = await sdk.broker.inference.getAccount(provider.address)
    const walletBefore = await devnet.publicClient.getBalance({ address: provider.address })
    expect(provider.unsettledFee(user.address)).toBe(fee)

    const outcomes = await provider.settle()

    expect(outcomes).toContainEqual({
      provider: provider.address,
      user: user.address,
      totalFee: fee,
      paid: fee,
      status: 'success',
    })
    const account = await devnet.publicClient.readContract({
      address: devnet.contracts.inference,
      abi: inferenceAbi,
      functionName: 'getAccount',
      args: [user.address, provider.address],
    })
    expect(account.balance).toBe(accountBefore.balance - fee)
    expect(provider.unsettledFee(user.address)).toBe(0n)
    const earned = outcomes.reduce((sum, { paid }) => sum + paid, 0n)
    const wallet = await devnet.publicClient.getBalance({ address: provider.address })
    expect(wallet + (await gasSpentInLastBlock(devnet))).toBe(walletBefore + earned)
  })
})

async function gasSpentInLastBlock({ publicClient }: Devnet): Promise<bigint> {
  const { transactions } = await publicClient.getBlock()
  const receipts = await Promise.all(transactions.map((hash) => publicClient.getTransactionReceipt({ hash })))
  return receipts.reduce((sum, { gasUsed, effectiveGasPrice }) => sum + gasUsed * effectiveGasPrice, 0n)
}
