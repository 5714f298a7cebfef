import { type Address, parseEther } from 'viem'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { inferenceAbi } from './contracts/abi.ts'
import { type Devnet, startDevnet } from './devnet.ts'
import type { DevnetProvider } from './provider/provider.ts'
import { feeOfUsage, readChat, readError } from './testing/client.ts'
import { type Broker, chatWithSdk, openSdkAccount, sdkGasPrice } from './testing/sdk.ts'

const lockTimeSeconds = 3_600

let devnet: Devnet
let provider: DevnetProvider
let other: DevnetProvider
beforeAll(async () => {
  devnet = await startDevnet({ lockTimeSeconds, accountCacheMs: 0 })
  ;[provider, other] = devnet.providers as [DevnetProvider, DevnetProvider]
})
afterAll(() => devnet.close())

describe('the unmodified 0G SDK on a devnet', () => {
  test('accepts a signed answer', async () => {
    const { sdk } = await openSdkAccount(devnet, provider)
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
    const { sdk } = await openSdkAccount(devnet, provider)
    using _quiet = sdk

    const response = await chatWithSdk(sdk.broker, provider, { isStream: true })

    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
    const chatId = response.headers.get('zg-res-key') ?? ''
    expect(await sdk.broker.inference.processResponse(provider.address, chatId)).toBe(true)
  })

  test('rejects an answer that another key has signed', async () => {
    const { sdk } = await openSdkAccount(devnet, provider)
    using _quiet = sdk
    provider.order({ kind: 'wrong-signature' })

    const response = await chatWithSdk(sdk.broker, provider)

    const chatId = response.headers.get('zg-res-key') ?? ''
    expect(await sdk.broker.inference.processResponse(provider.address, chatId)).toBe(false)
  })

  test('sees a settlement move exactly the fee from its account to the provider', async () => {
    const { user, sdk } = await openSdkAccount(devnet, provider)
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

describe('API keys of the unmodified 0G SDK', () => {
  const session = 'Provider proxy: handle proxied service, validate session: '

  const createKey = (broker: Broker, options?: { expiresIn?: number; tokenId?: number }) =>
    broker.inference.requestProcessor.createApiKey(provider.address, options)

  /** The status for a chat with the key, and the reason of a refusal. */
  async function tryKey(broker: Broker, apiKey: string, at = provider) {
    const response = await chatWithSdk(broker, at, { apiKey })
    return response.ok ? response.status : `${response.status} ${await readError(response)}`
  }

  test('are good for ids 0 to 254 until they are revoked one by one', async () => {
    const { user, sdk } = await openSdkAccount(devnet, provider)
    using _quiet = sdk
    const { broker } = sdk
    const [lowest, middle, highest] = await Promise.all([
      createKey(broker),
      createKey(broker, { tokenId: 128, expiresIn: 3_600_000 }),
      createKey(broker, { tokenId: 254 }),
    ])
    const tryAll = () => Promise.all([lowest, middle, highest].map(({ rawToken }) => tryKey(broker, rawToken)))
    expect(lowest).toMatchObject({ tokenId: 0, expiresAt: 0 })
    expect(await tryAll()).toEqual([200, 200, 200])

    await broker.inference.revokeApiKey(provider.address, 0, sdkGasPrice)
    await broker.inference.revokeApiKey(provider.address, 254, sdkGasPrice)

    const { revokedBitmap } = await devnet.publicClient.readContract({
      address: devnet.contracts.inference,
      abi: inferenceAbi,
      functionName: 'getAccount',
      args: [user.address, provider.address],
    })
    expect(revokedBitmap).toBe(1n | (1n << 254n))
    const revoked = `400 ${session}session token has been revoked`
    expect(await tryAll()).toEqual([revoked, 200, revoked])
  })

  test('end all at once with their generation, and new ones are good', async () => {
    const { sdk } = await openSdkAccount(devnet, provider)
    using _quiet = sdk
    const { broker } = sdk
    const { rawToken } = await createKey(broker, { tokenId: 7 })

    await broker.inference.revokeAllTokens(provider.address, sdkGasPrice)

    const renewed = await createKey(broker, { tokenId: 7 })
    expect(await tryKey(broker, renewed.rawToken)).toBe(200)
    expect(await tryKey(broker, rawToken)).toBe(`400 ${session}session token has been revoked (generation expired)`)
    expect((await chatWithSdk(broker, provider)).status).toBe(200)
  })

  test('are refused when they are expired, foreign, forged or malformed', async () => {
    const { sdk } = await openSdkAccount(devnet, provider)
    using _quiet = sdk
    const { broker } = sdk
    const { rawToken } = await createKey(broker)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 })
    const expired = await createKey(broker, { expiresIn: 1_000 }).finally(() => vi.useRealTimers())
    const [message = '', signature = ''] = decode(rawToken).split('|')

    expect(await tryKey(broker, expired.rawToken)).toBe(`400 ${session}session token expired`)
    expect(await tryKey(broker, rawToken, other)).toBe(`400 ${session}session token is for different provider`)
    expect(await tryKey(broker, encode(`${message.replace('"tokenId":0', '"tokenId":1')}|${signature}`))).toBe(
      `400 ${session}signature verification failed: address mismatch`,
    )
    expect(await tryKey(broker, encode(message))).toMatch(/^400 .*validate session: invalid session token format/)
    expect(await tryKey(broker, 'app-sk-%')).toBe(`400 ${session}invalid base64 in session token`)
    expect(await tryKey(broker, 'sk-1')).toBe(
      `400 ${session}missing or invalid Authorization header, must be Bearer app-sk-<base64(rawMessage:signature)>`,
    )
  })
})

describe('money under the unmodified 0G SDK', () => {
  /** Asks for everything back, lets the lock time pass, and takes it. */
  async function retrieveAll(broker: Broker) {
    await broker.ledger.retrieveFund('inference')
    await devnet.testClient.increaseTime({ seconds: lockTimeSeconds + 1 })
    await devnet.testClient.mine({ blocks: 1 })
    await broker.ledger.retrieveFund('inference')
  }

  test('comes back to the wallet after the lock time', async () => {
    const { user, sdk } = await openSdkAccount(devnet, provider)
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
    for (const _user of [1, 2, 3]) accounts.push(await openSdkAccount(devnet, other))
    for (const { sdk } of accounts) await (await chatWithSdk(sdk.broker, other)).text()
    for (const { sdk } of accounts.reverse()) sdk[Symbol.dispose]()
    const transactionsBefore = await devnet.publicClient.getTransactionCount({ address: other.address })

    const outcomes = await other.settle()

    const users: Address[] = accounts.map(({ user }) => user.address)
    const paid = outcomes.filter(({ user, status }) => users.includes(user) && status === 'success')
    expect(new Set(paid.map(({ user }) => user))).toEqual(new Set(users))
    expect(users.map(other.unsettledFee)).toEqual([0n, 0n, 0n])
    expect(await devnet.publicClient.getTransactionCount({ address: other.address })).toBe(transactionsBefore + 1)
  })

  test('is owed on when the account was drained, and paid once there is some again', async () => {
    const { user, sdk } = await openSdkAccount(devnet, provider)
    using _quiet = sdk
    const { broker } = sdk
    await (await chatWithSdk(broker, provider)).text()
    const owed = provider.unsettledFee(user.address)
    await retrieveAll(broker)

    const drained = await provider.settle()
    await broker.ledger.transferFund(provider.address, 'inference', parseEther('1'))
    const filled = await provider.settle()

    const common = { provider: provider.address, user: user.address, totalFee: owed }
    expect(drained).toContainEqual({ ...common, paid: 0n, status: 'partial' })
    expect(filled).toContainEqual({ ...common, paid: owed, status: 'success' })
    expect((await broker.inference.getAccount(provider.address)).balance).toBe(parseEther('1') - owed)
  })
})

const prefix = 'app-sk-'

function decode(token: string): string {
  return Buffer.from(token.slice(prefix.length), 'base64').toString()
}

function encode(content: string): string {
  return prefix + Buffer.from(content).toString('base64')
}

async function gasSpentInLastBlock({ publicClient }: Devnet): Promise<bigint> {
  const { transactions } = await publicClient.getBlock()
  const receipts = await Promise.all(transactions.map((hash) => publicClient.getTransactionReceipt({ hash })))
  return receipts.reduce((sum, { gasUsed, effectiveGasPrice }) => sum + gasUsed * effectiveGasPrice, 0n)
}
