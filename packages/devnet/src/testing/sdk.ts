import { createRequire } from 'node:module'
import { parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import type { Devnet } from '../devnet.ts'
import type { DevnetProvider } from '../provider/provider.ts'

const require = createRequire(import.meta.url)

// NOTE: both as CommonJS, or the SDK does not recognise an ethers wallet as one.
const sdk = require('@0gfoundation/0g-compute-ts-sdk') as typeof import('@0gfoundation/0g-compute-ts-sdk')
const ethers = require('ethers') as typeof import('ethers')

export type Broker = Awaited<ReturnType<typeof sdk.createZGComputeNetworkBroker>>

/** In wei. A given price spares the SDK's second of waiting before each transaction. */
export const sdkGasPrice = 2_000_000_000

/** The unmodified SDK on a devnet, knowing nothing but the RPC address. Dispose of it to hear console.log again. */
async function startSdk({ rpcUrl, privateKey }: { rpcUrl: string; privateKey: string }) {
  const restore = quieten()
  const options = { pollingInterval: 50, cacheTimeout: -1, staticNetwork: true }
  const rpc = new ethers.JsonRpcProvider(rpcUrl, undefined, options)
  const wallet = new ethers.Wallet(privateKey, rpc) as unknown as Parameters<typeof sdk.createZGComputeNetworkBroker>[0]
  const broker: Broker = await sdk.createZGComputeNetworkBroker(wallet, undefined, undefined, undefined, sdkGasPrice)
  return {
    broker,
    [Symbol.dispose]() {
      rpc.destroy()
      restore()
    },
  }
}

/** A new user with a ledger of 10 0G, of which 3 are with the provider, all through the SDK. */
export async function openSdkAccount(devnet: Devnet, provider: DevnetProvider) {
  const privateKey = generatePrivateKey()
  const user = privateKeyToAccount(privateKey)
  await devnet.faucet(user.address, parseEther('100'))
  const sdk = await startSdk({ rpcUrl: devnet.rpcUrl, privateKey })
  await sdk.broker.ledger.addLedger(10)
  await sdk.broker.ledger.transferFund(provider.address, 'inference', parseEther('3'))
  return { user, sdk }
}

/** A chat completion with the SDK's headers, or with an API key. */
export async function chatWithSdk(
  broker: Broker,
  provider: DevnetProvider,
  { isStream = false, apiKey }: { isStream?: boolean; apiKey?: string } = {},
): Promise<Response> {
  const { endpoint, model } = await broker.inference.getServiceMetadata(provider.address)
  const authorization = apiKey
    ? `Bearer ${apiKey}`
    : (await broker.inference.getRequestHeaders(provider.address)).Authorization
  return fetch(`${endpoint}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content: 'I was falling from a bridge into a river.' }],
      stream: isStream,
    }),
  })
}

const leftoverTimerMs = 300_000

/** The SDK prints its progress and leaves a 300 s timer behind each transaction, which would hold the process. */
function quieten(): () => void {
  const { log } = console
  const { setTimeout } = globalThis
  console.log = () => {}
  const unrefLeftovers = (...args: Parameters<typeof setTimeout>) => {
    const timer = setTimeout(...args)
    return args[1] === leftoverTimerMs ? timer.unref() : timer
  }
  globalThis.setTimeout = Object.assign(unrefLeftovers, setTimeout) as typeof setTimeout
  return () => {
    console.log = log
    globalThis.setTimeout = setTimeout
  }
}
