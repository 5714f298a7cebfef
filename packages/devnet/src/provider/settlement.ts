import {
  type Address,
  encodeFunctionData,
  type Hex,
  keccak256,
  parseEventLogs,
  TransactionNotFoundError,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem'
import type { ChainClients } from '../chain/clients.ts'
import { inferenceAbi } from '../contracts/abi.ts'
import { contracts } from '../contracts/addresses.ts'
import type { ChainState } from './chain-state.ts'
import type { FeeBook, PendingSettlement } from './fee-book.ts'
import { hashRequests, type Settlement, signSettlement } from './settlement-data.ts'
import type { ProviderSpec } from './spec.ts'

const statuses = [
  'success',
  'partial',
  'provider-mismatch',
  'no-tee-signer',
  'invalid-nonce',
  'invalid-signature',
] as const

/** What the contract made of one user's fees; `paid` is 0 unless the status is `success` or `partial`. */
export type SettlementOutcome = {
  provider: Address
  user: Address
  totalFee: bigint
  paid: bigint
  status: (typeof statuses)[number]
}

type Deps = { spec: ProviderSpec; clients: ChainClients; chain: ChainState; fees: FeeBook }

const maxBatch = 50

/** Collects the fees owed through `settleFeesWithTEE`. Runs one settlement at a time. */
export function createSettler({ spec, clients, chain, fees }: Deps) {
  const { publicClient } = clients
  const provider = spec.wallet.address
  const wallet = clients.walletClient(spec.wallet)
  let last: Promise<unknown> = Promise.resolve()

  type OpenTab = ReturnType<FeeBook['listOpen']>[number]

  async function prepare({ user, charges, total }: OpenTab): Promise<Settlement> {
    chain.forgetAccount(user)
    const account = await chain.findAccount(user)
    const clock = BigInt(Date.now()) * 10_000n
    const next = (account?.nonce ?? 0n) + 1n // the nonce only has to grow, also within one millisecond
    return {
      requestsHash: hashRequests(user, charges),
      nonce: next > clock ? next : clock,
      provider,
      user,
      totalFee: total,
    }
  }

  async function signTransaction(tabs: OpenTab[]): Promise<Hex> {
    const settlements = await Promise.all(tabs.map(prepare))
    const signed = await Promise.all(settlements.map((settlement) => signSettlement(spec.teeSigner, settlement)))
    const data = encodeFunctionData({ abi: inferenceAbi, functionName: 'settleFeesWithTEE', args: [signed] })
    return wallet.signTransaction(await wallet.prepareTransactionRequest({ to: contracts.inference, data }))
  }

  async function settleBatch(tabs: OpenTab[]): Promise<SettlementOutcome[]> {
    const serializedTransaction = await signTransaction(tabs)
    const pending: PendingSettlement = {
      hash: keccak256(serializedTransaction),
      tabs: tabs.map(({ user, charges, total }) => ({ user, count: charges.length, total })),
    }
    await fees.begin(pending)
    await publicClient.sendRawTransaction({ serializedTransaction })
    return conclude(pending, await publicClient.waitForTransactionReceipt({ hash: pending.hash }))
  }

  /** Writes down what a mined settlement has brought. */
  async function conclude(
    { hash, tabs }: PendingSettlement,
    receipt: TransactionReceipt,
  ): Promise<SettlementOutcome[]> {
    if (receipt.status !== 'success') {
      await fees.finish([])
      throw new Error(`Settlement ${hash} of ${provider} was reverted`)
    }
    // NOTE: the transaction succeeds even when the contract accepts no item; only the events tell.
    const events = parseEventLogs({ abi: inferenceAbi, eventName: 'TEESettlementResult', logs: receipt.logs })
    const results = events.map(({ args }) => {
      const tab = tabs.find(({ user }) => user === args.user)
      if (!tab) throw new Error(`Settlement ${hash} reports on ${args.user}, who was not in it`)
      const status = statuses[args.status] ?? 'invalid-signature'
      const isPaid = status === 'success' || status === 'partial'
      return { ...tab, status, isPaid, paid: isPaid ? tab.total - args.unsettledAmount : 0n }
    })
    await fees.finish(results.filter(({ isPaid }) => isPaid))
    for (const { user } of results) chain.forgetAccount(user)
    return results.map(({ user, total, paid, status }) => ({ provider, user, totalFee: total, paid, status }))
  }

  /** Finds out what became of a settlement whose end nobody saw, so that nobody pays twice. */
  async function recover(): Promise<void> {
    const pending = fees.pending()
    if (!pending) return
    const receipt = await orMissing(publicClient.getTransactionReceipt({ hash: pending.hash }))
    if (receipt) return void (await conclude(pending, receipt))
    if (await orMissing(publicClient.getTransaction({ hash: pending.hash }))) {
      throw new Error(`Settlement ${pending.hash} of ${provider} still waits to be mined`)
    }
    await fees.finish([]) // it has never reached the chain
  }

  async function settleAll(): Promise<SettlementOutcome[]> {
    await recover()
    const open = fees.listOpen()
    const outcomes: SettlementOutcome[] = []
    for (let start = 0; start < open.length; start += maxBatch) {
      outcomes.push(...(await settleBatch(open.slice(start, start + maxBatch))))
    }
    return outcomes
  }

  return {
    recover,
    /** Settles what is owed now. Throws when the transaction fails; nothing is forgiven then. */
    settle(): Promise<SettlementOutcome[]> {
      const run = last.then(settleAll)
      last = run.catch(() => {}) // reported to its own caller; the next one starts afresh
      return run
    },
    /** Resolves when no settlement is running. */
    idle: async (): Promise<void> => void (await last),
  }
}

async function orMissing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (error) {
    if (error instanceof TransactionNotFoundError || error instanceof TransactionReceiptNotFoundError) return undefined
    throw error
  }
}
