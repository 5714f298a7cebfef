import type { Address } from 'viem'
import type { ChainClients } from '../chain/clients.ts'
import type { LanguageModel } from '../language-model/language-model.ts'
import type { Faucet } from './admin.ts'
import { createAdmission } from './admission.ts'
import { createChainState } from './chain-state.ts'
import { createChatHandler } from './chat.ts'
import { createFaultQueue, type Fault } from './faults.ts'
import { createFeeBook } from './fee-book.ts'
import { openFeeBook } from './fee-file.ts'
import { ensureAcknowledged, registerProvider } from './registration.ts'
import { createSignatureStore } from './response-signature.ts'
import { type RequestCounts, startProviderServer } from './server.ts'
import { createSessions } from './sessions.ts'
import { createSettler, type SettlementOutcome } from './settlement.ts'
import type { ProviderSpec } from './spec.ts'

/** A running provider of the devnet, as tests see it. */
export type DevnetProvider = {
  /** The provider's wallet, which is its name on chain. */
  address: Address
  teeSigner: Address
  url: string
  model: string
  /** Neuron per token, as registered at the start. */
  inputPrice: bigint
  outputPrice: bigint
  /** How many requests each route has had so far; counts on while you hold it. */
  requests: Readonly<RequestCounts>
  /** Lets the next chat request that has no fault yet go wrong in this way. */
  order(fault: Fault): void
  /** What the user owes for finished requests, in neuron. */
  unsettledFee(user: Address): bigint
  /** Collects what is owed on chain; throws when the transaction fails. */
  settle(): Promise<SettlementOutcome[]>
}

export type RunningProvider = { provider: DevnetProvider; close(): Promise<void> }

type Options = {
  clients: ChainClients
  /** Where the fees owed are kept; in memory when undefined. */
  feesFile: string | undefined
  languageModel: LanguageModel | undefined
  faucet: Faucet
  accountCacheMs: number
  onLog: (message: string) => void
}

/** Starts a provider's server and has it registered on chain under the server's address and acknowledged. */
export async function startProvider(spec: ProviderSpec, options: Options): Promise<RunningProvider> {
  const { clients, feesFile, languageModel, faucet, accountCacheMs, onLog } = options
  const address = spec.wallet.address
  const teeSigner = spec.teeSigner.address
  const closing = new AbortController()
  const fees = feesFile === undefined ? createFeeBook() : await openFeeBook(feesFile)
  const signatures = createSignatureStore()
  const faults = createFaultQueue()
  const chain = createChainState({ publicClient: clients.publicClient, provider: address, cacheMs: accountCacheMs })
  const sessions = createSessions({ provider: address, chain })
  const admission = createAdmission({ provider: address, chain, fees })
  const settler = createSettler({ spec, clients, chain, fees })
  await settler.recover()
  const chat = createChatHandler({
    spec,
    sessions,
    admission,
    chain,
    fees,
    signatures,
    faults,
    languageModel,
    closing: closing.signal,
  })
  const server = await startProviderServer({
    teeSigner,
    chain,
    sessions,
    fees,
    signatures,
    chat,
    faults,
    settle: settler.settle,
    faucet,
    engine: languageModel ? 'language-model' : 'dream-reader',
    takesSchema: spec.takesSchema,
    onLog,
  })

  async function close(): Promise<void> {
    closing.abort()
    await server.close()
    await settler.idle()
  }

  try {
    const prices = await registerProvider(clients, { spec, url: server.url })
    await ensureAcknowledged(clients, spec)
    return {
      provider: {
        address,
        teeSigner,
        url: server.url,
        model: spec.model,
        ...prices,
        requests: server.requests,
        order: (fault) => void faults.order(fault),
        unsettledFee: fees.unsettled,
        settle: settler.settle,
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
