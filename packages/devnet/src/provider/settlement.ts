import { type Address, parseEventLogs } from 'viem'
import type { ChainClients } from '../chain/clients.ts'
import { inferenceAbi } from '../contracts/abi.ts'
import { contracts } from '../contracts/addresses.ts'
import type { ChainState } from './chain-state.ts'
import type { FeeBook } from './fee-book.ts'
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

  async function settleBatch(tabs: OpenTab[]): Promise<SettlementOutcome[]> {
    const settlements = await Promise.all(tabs.map(prepare))
    const signed = await Promise.all(settlements.map((settlement) => signSettlement(spec.teeSigner, settlement)))
    const hash = await wallet.writeContract({
      address: contracts.inference,
      abi: inferenceAbi,
      functionName: 'settleFeesWithTEE',
      args: [signed],
    })
    const receipt = await clients.publicClient.waitForTransactionReceipt({ hash })
    if (receipt.status !== 'success') throw new Error(`Settlement ${hash} of ${provider} was reverted`)
    // NOTE: the transaction succeeds even when the contract accepts no item; only the events tell.
    const events = parseEventLogs({ abi: inferenceAbi, eventName: 'TEESettlementResult', logs: receipt.logs })
    return events.map(({ args }) => {
      const tab = tabs.find(({ user }) => user === args.user)
      if (!tab) throw new Error(`Settlement ${hash} reports on ${args.user}, who was not in it`)
      const status = statuses[args.status] ?? 'invalid-signature'
      const isPaid = status === 'success' || status === 'partial'
      const paid = isPaid ? tab.total - args.unsettledAmount : 0n
      if (isPaid) fees.close(tab.user, { count: tab.charges.length, paid })
      chain.forgetAccount(tab.user)
      return { provider, user: tab.user, totalFee: tab.total, paid, status }
    })
  }

  async function settleAll(): Promise<SettlementOutcome[]> {
    const open = fees.listOpen()
    const outcomes: SettlementOutcome[] = []
    for (let start = 0; start < open.length; start += maxBatch) {
      outcomes.push(...(await settleBatch(open.slice(start, start + maxBatch))))
    }
    return outcomes
  }

  return {
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
