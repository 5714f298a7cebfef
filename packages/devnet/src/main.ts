import { once } from 'node:events'
import { type Devnet, startDevnet } from './devnet.ts'

const settleIntervalMs = 30_000

async function main(): Promise<void> {
  const { env } = process
  const options = {
    rpcPort: toPort(env.DEVNET_RPC_PORT ?? '8545'),
    dataDir: env.DEVNET_DATA_DIR || undefined,
    llmUrl: env.DEVNET_LLM_URL || undefined,
    llmApiKey: env.DEVNET_LLM_API_KEY || undefined,
    llmModel: env.DEVNET_LLM_MODEL || undefined,
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())

  await using devnet = await startDevnet({ ...options, settleIntervalMs, onLog: (message) => console.log(message) })
  console.log(describe(devnet, options))
  if (!stop.signal.aborted) await once(stop.signal, 'abort')
}

function toPort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Error(`DEVNET_RPC_PORT must be a port number, not "${text}"`)
}

type Told = { dataDir: string | undefined; llmUrl: string | undefined }

function describe({ rpcUrl, chainId, contracts, providers, userAccounts }: Devnet, { dataDir, llmUrl }: Told): string {
  const kept = dataDir ? `it is kept in ${dataDir}` : 'nothing is kept (DEVNET_DATA_DIR names a folder that keeps it)'
  const engine = llmUrl
    ? `they pass requests on to ${llmUrl}`
    : 'they answer with a deterministic dream reader, not with a language model; DEVNET_LLM_URL names one'
  return `
0G devnet is running; Ctrl-C ends it and ${kept}.

Chain              ${rpcUrl}  (chain id ${chainId})
LedgerManager      ${contracts.ledger}
InferenceServing   ${contracts.inference}

Providers (${engine})
${providers.map(({ model, url, address }) => `  ${model.padEnd(24)} ${address}  ${url}`).join('\n')}
  fees are settled on chain every ${settleIntervalMs / 1_000} s, or by POST /devnet/settle
  POST /devnet/faults {"kind": "status", "status": 503} lets the next chat go wrong, {} lists what else can be ordered
  POST /devnet/faucet {"address": "0x…", "amount": "1.5"} fills an account, GET /devnet/requests counts requests

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
