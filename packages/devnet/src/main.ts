import { once } from 'node:events'
import { type Devnet, startDevnet } from './devnet.ts'

const settleIntervalMs = 30_000

async function main(): Promise<void> {
  const rpcPort = toPort(process.env.DEVNET_RPC_PORT ?? '8545')
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())

  await using devnet = await startDevnet({ rpcPort, settleIntervalMs, onLog: (message) => console.log(message) })
  console.log(describe(devnet))
  if (!stop.signal.aborted) await once(stop.signal, 'abort')
}

function toPort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Error(`DEVNET_RPC_PORT must be a port number, not "${text}"`)
}

function describe({ rpcUrl, chainId, contracts, providers, userAccounts }: Devnet): string {
  return `
0G devnet is running; Ctrl-C ends it and nothing is kept.

Chain              ${rpcUrl}  (chain id ${chainId})
LedgerManager      ${contracts.ledger}
InferenceServing   ${contracts.inference}

Providers (they answer with a deterministic dream reader, not with a language model)
${providers.map(({ model, url, address }) => `  ${model.padEnd(24)} ${address}  ${url}`).join('\n')}
  fees are settled on chain every ${settleIntervalMs / 1_000} s

User accounts (10000 0G each)
${userAccounts.map(({ address }, index) => `  ${index + 2}  ${address}`).join('\n')}

To use one in a wallet: add a network with the RPC address and chain id above (currency symbol 0G), and import the
account by the public test mnemonic "test test test test test test test test test test test junk", account 2 to 9
(derivation path m/44'/60'/0'/0/N). Everybody knows these keys: never send real money to them.
`
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
