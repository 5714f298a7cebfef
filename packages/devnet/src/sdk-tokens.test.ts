import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { inferenceAbi } from './contracts/abi.ts'
import { type Devnet, startDevnet } from './devnet.ts'
import type { DevnetProvider } from './provider/provider.ts'
import { readError } from './testing/client.ts'
import { type Broker, chatWithSdk, openSdkAccount, sdkGasPrice } from './testing/sdk.ts'

const session = 'Provider proxy: handle proxied service, validate session: '

describe('API keys of the unmodified 0G SDK', () => {
  let devnet: Devnet
  let provider: DevnetProvider
  let other: DevnetProvider
  beforeAll(async () => {
    devnet = await startDevnet({ accountCacheMs: 0 })
    ;[provider, other] = devnet.providers as [DevnetProvider, DevnetProvider]
  })
  afterAll(() => devnet.close())

  const createKey = (broker: Broker, options?: { expiresIn?: number; tokenId?: number }) =>
    broker.inference.requestProcessor.createApiKey(provider.address, options)

  /** The status for a chat with the key, and the reason of a refusal. */
  async function tryKey(broker: Broker, apiKey: string, at = provider) {
    const response = await chatWithSdk(broker, at, { apiKey })
    return response.ok ? response.status : `${response.status} ${await readError(response)}`
  }

  test('are good for ids 0 to 254 until they are revoked one by one', async () => {
    const { user, sdk } = await openSdkAccount(devnet, 0, provider)
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
    const { sdk } = await openSdkAccount(devnet, 1, provider)
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
    const { sdk } = await openSdkAccount(devnet, 2, provider)
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

const prefix = 'app-sk-'

function decode(token: string): string {
  return Buffer.from(token.slice(prefix.length), 'base64').toString()
}

function encode(content: string): string {
  return prefix + Buffer.from(content).toString('base64')
}
