import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

// NOTE: both as CommonJS, or the SDK does not recognise an ethers wallet as one.
const sdk = require('@0gfoundation/0g-compute-ts-sdk') as typeof import('@0gfoundation/0g-compute-ts-sdk')
const ethers = require('ethers') as typeof import('ethers')

type Broker = Awaited<ReturnType<typeof sdk.createZGComputeNetworkBroker>>

const gasPriceWei = 2_000_000_000 // a given price spares the SDK's second of waiting before each transaction

/** The unmodified SDK on a devnet, knowing nothing but the RPC address. Dispose of it to hear console.log again. */
export async function startSdk({ rpcUrl, privateKey }: { rpcUrl: string; privateKey: string }) {
  const restore = quieten()
  const options = { pollingInterval: 50, cacheTimeout: -1, staticNetwork: true }
  const rpc = new ethers.JsonRpcProvider(rpcUrl, undefined, options)
  const wallet = new ethers.Wallet(privateKey, rpc) as unknown as Parameters<typeof sdk.createZGComputeNetworkBroker>[0]
  const broker: Broker = await sdk.createZGComputeNetworkBroker(wallet, undefined, undefined, undefined, gasPriceWei)
  return {
    broker,
    [Symbol.dispose]() {
      rpc.destroy()
      restore()
    },
  }
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
