import { type Address, type HDAccount, type Hex, numberToHex } from 'viem'
import { startAnvil } from './chain/anvil.ts'
import { createChainClients, type DevnetPublicClient, type DevnetTestClient } from './chain/clients.ts'
import { chainId } from './chain/constants.ts'
import { userAccounts } from './chain/network.ts'
import { contracts } from './contracts/addresses.ts'
import { checkLockTime, ensureContracts, genesisHashOf } from './contracts/ensure-contracts.ts'
import { openDataDir } from './data-dir/data-dir.ts'
import { createLanguageModel } from './language-model/language-model.ts'
import { type DevnetProvider, type RunningProvider, startProvider } from './provider/provider.ts'
import type { SettlementOutcome } from './provider/settlement.ts'
import { createProviderSpecs } from './provider/spec.ts'

/** A local 0G network: chain, contracts, providers. Everything in it ends with `close()` or with this process. */
export type Devnet = {
  rpcUrl: string
  chainId: number
  contracts: { ledger: Address; inference: Address }
  /** llama-3.3-70b-instruct, deepseek-r1-70b. */
  providers: DevnetProvider[]
  publicClient: DevnetPublicClient
  testClient: DevnetTestClient
  /** Accounts 2 to 9 of the test mnemonic, 10 000 0G each. */
  userAccounts: HDAccount[]
  /** The processes that belong to it and end with it. */
  pids: number[]
  /** Adds `amountNeuron` to the balance of `address`. */
  faucet(address: Address, amountNeuron: bigint): Promise<void>
  /** Lets all providers collect what they are owed; throws when one of the transactions fails. */
  settle(): Promise<SettlementOutcome[]>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export type DevnetOptions = {
  /** A folder that keeps the chain and what the providers are owed; without it nothing is kept. */
  dataDir?: string | undefined
  /** 0, the default, takes a free port. */
  rpcPort?: number
  /** How long a refund waits, from an hour to a week; a day by default, or as it was in a kept devnet. */
  lockTimeSeconds?: number
  /** An OpenAI-compatible server, such as `http://localhost:11434/v1`, that answers instead of the dream reader. */
  llmUrl?: string | undefined
  llmApiKey?: string | undefined
  /** The model to ask there for; by default the one a provider serves. */
  llmModel?: string | undefined
  /** Settles this often; without it only on demand. */
  settleIntervalMs?: number
  /** How long a provider trusts what it has read from the chain; what fails on it is read again at once. */
  accountCacheMs?: number
  onLog?: (message: string) => void
}

/**
 * Starts a devnet of its own; several may run at a time, each with a `dataDir` of its own. Throws, leaving nothing
 * behind, when an option makes no sense or a part cannot start.
 */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const { rpcPort = 0, lockTimeSeconds, settleIntervalMs, accountCacheMs = 2_000, onLog = () => {} } = options
  if (lockTimeSeconds !== undefined) checkLockTime(lockTimeSeconds)
  const languageModel = toLanguageModel(options)
  const dataDir = options.dataDir === undefined ? undefined : await openDataDir(options.dataDir)
  const anvil = await startAnvil({ port: rpcPort, stateFile: dataDir?.chainFile })
  const running: RunningProvider[] = []
  let timer: NodeJS.Timeout | undefined

  async function closeAll(): Promise<void> {
    clearInterval(timer)
    await Promise.all(running.map((provider) => provider.close()))
    await anvil.close()
  }
  let closing: Promise<void> | undefined
  const close = () => (closing ??= closeAll())

  try {
    const clients = createChainClients(anvil.rpcUrl)
    const { testClient } = clients
    const faucet = (address: Address, amountNeuron: bigint) => addBalance(testClient, { address, amountNeuron })
    await ensureContracts(clients, { kept: dataDir, lockTimeSeconds })
    for (const spec of createProviderSpecs()) {
      const feesFile = dataDir?.feesFile(spec.model)
      running.push(await startProvider(spec, { clients, feesFile, languageModel, faucet, accountCacheMs, onLog }))
    }
    await dataDir?.complete(await genesisHashOf(clients))
    const providers = running.map(({ provider }) => provider)
    const settle = async () => (await Promise.all(providers.map((provider) => provider.settle()))).flat()
    if (settleIntervalMs !== undefined) {
      const settleAndTell = async () => {
        for (const outcome of await settle()) onLog(describeOutcome(outcome))
      }
      timer = setInterval(() => {
        settleAndTell().catch((error: unknown) => {
          if (!closing) onLog(`Settlement failed: ${error}`) // one that is cut off by the end is no news
        })
      }, settleIntervalMs)
    }
    return {
      rpcUrl: anvil.rpcUrl,
      chainId,
      contracts,
      providers,
      publicClient: clients.publicClient,
      testClient,
      userAccounts,
      pids: anvil.pids,
      faucet,
      settle,
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function toLanguageModel({ llmUrl, llmApiKey, llmModel }: DevnetOptions) {
  if (llmUrl === undefined) return undefined
  if (!/^https?:$/.test(URL.canParse(llmUrl) ? new URL(llmUrl).protocol : '')) {
    throw new Error(`llmUrl must be an http or https address such as http://localhost:11434/v1, not "${llmUrl}"`)
  }
  return createLanguageModel({ url: llmUrl, apiKey: llmApiKey, model: llmModel })
}

async function addBalance(
  client: DevnetTestClient,
  { address, amountNeuron }: { address: Address; amountNeuron: bigint },
) {
  await client.request<AddBalance>({ method: 'anvil_addBalance', params: [address, numberToHex(amountNeuron)] })
}

type AddBalance = { Method: 'anvil_addBalance'; Parameters: [Address, Hex]; ReturnType: null }

function describeOutcome({ provider, user, totalFee, paid, status }: SettlementOutcome): string {
  return `${provider} settled with ${user}: ${status}, ${paid} of ${totalFee} neuron paid`
}
