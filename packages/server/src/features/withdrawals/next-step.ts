import type { ChainAccount, ChainSubAccount } from '../../chain/reader.ts'
import { most, sum } from '../../platform/neuron.ts'

/** What to do next for a withdrawal. Neuron. */
export type Step =
  | { do: 'retrieve'; providers: ChainSubAccount['provider'][] }
  /** `rest` has to leave the ledger too, and is deposited again after the payout. */
  | { do: 'refund'; amount: bigint; rest: bigint }
  /** `amount` undefined: everything there is. */
  | { do: 'pay'; amount: bigint | undefined }
  | { do: 'deposit'; amount: bigint }
  | { do: 'restore'; provider: ChainSubAccount['provider']; amount: bigint }
  | { do: 'wait'; untilMs: number }
  | { do: 'end'; state: 'done' | 'failed' | 'cancelled' }

export type Facts = {
  isCancelling: boolean
  /** Undefined: everything. */
  amount: bigint | undefined
  /** Left the ledger beyond the amount. */
  rest: bigint
  /** What its transactions have come to so far. */
  hasRefunded: boolean
  payout: 'confirmed' | 'failed' | undefined
  hasDepositedRest: boolean
  chain: Pick<ChainAccount, 'wallet' | 'ledger' | 'subAccounts' | 'blockTimeMs'>
  lockTimeMs: number
  minimumDeposit: bigint
  /** What stays in the wallet of who does not take everything, so that the rest can leave too. */
  gasReserve: bigint
  /** Providers whose refunds the contract does not take back, because they serve no more. */
  unrestorable: ReadonlySet<string>
}

/** LedgerManager: MAX_PROVIDERS_PER_BATCH. */
const providersAtOnce = 20

/** InferenceServing: so many refunds may be under way at one provider. */
const refundsAtOnce = 5

/**
 * Decides from what stands in the journal and on chain alone, so that any process can go on after any other, and a step
 * that was done twice over decides the same. LedgerManager and InferenceServing v1.0.
 */
export function nextStep(facts: Facts): Step {
  if (facts.isCancelling) return takeBack(facts)
  if (facts.payout === 'failed') return { do: 'end', state: 'failed' }
  if (facts.payout === 'confirmed') return conclude(facts)
  const { amount, chain, gasReserve, hasRefunded } = facts
  const available = chain.ledger?.available ?? 0n
  if (amount === undefined) return retrieveAll(facts) ?? takeOut(facts)
  const missing = amount - most(chain.wallet - gasReserve, 0n)
  if (hasRefunded || missing <= 0n) return { do: 'pay', amount }
  if (available >= missing) return refund(facts, missing)
  return retrieveAll(facts) ?? takeOut(facts)
}

/** The contract keeps nothing or at least the minimum: what may not stay goes out with the rest and comes back later. */
function refund({ chain, minimumDeposit }: Facts, wanted: bigint): Step {
  const available = chain.ledger?.available ?? 0n
  const rest = available - wanted
  if (rest === 0n || rest >= minimumDeposit) return { do: 'refund', amount: wanted, rest: 0n }
  return { do: 'refund', amount: available, rest }
}

/** Everything that has become available, then the payout. */
function takeOut({ amount, chain }: Facts): Step {
  const available = chain.ledger?.available ?? 0n
  return available > 0n ? { do: 'refund', amount: available, rest: 0n } : { do: 'pay', amount }
}

/**
 * Funds locked for providers come in two steps: they are asked back, and after the lock time they are fetched. Both are the
 * same call. Undefined when nothing is locked that could ever come.
 */
function retrieveAll({ chain, lockTimeMs }: Facts): Step | undefined {
  const locked = chain.subAccounts.filter(({ balance }) => balance > 0n)
  const matureAt = ({ createdAtMs }: { createdAtMs: number }) => createdAtMs + lockTimeMs
  const isDue = ({ refunds }: ChainSubAccount) => refunds.some((item) => matureAt(item) <= chain.blockTimeMs)
  const isUnasked = ({ balance, pendingRefund, refunds }: ChainSubAccount) =>
    balance > pendingRefund && refunds.length < refundsAtOnce
  const ready = locked.filter((account) => isDue(account) || isUnasked(account))
  if (ready.length > 0) {
    return { do: 'retrieve', providers: ready.slice(0, providersAtOnce).map(({ provider }) => provider) }
  }
  const times = locked.flatMap(({ refunds }) => refunds.map(matureAt))
  return times.length > 0 ? { do: 'wait', untilMs: Math.min(...times) } : undefined
}

/** What had to leave with the amount goes back, if the ledger still takes it; else it stays in the wallet. */
function conclude({ rest, hasDepositedRest, chain, minimumDeposit }: Facts): Step {
  const isTaken = rest > 0n && (chain.ledger !== undefined || rest >= minimumDeposit)
  return isTaken && !hasDepositedRest ? { do: 'deposit', amount: rest } : { do: 'end', state: 'done' }
}

/** Who changes their mind gets back what providers were asked for, so that it pays for analyses again. */
function takeBack({ chain, unrestorable }: Facts): Step {
  const asked = chain.subAccounts.find((item) => item.pendingRefund > 0n && !unrestorable.has(item.provider))
  if (asked) return { do: 'restore', provider: asked.provider, amount: asked.pendingRefund }
  return { do: 'end', state: 'cancelled' }
}

/** The most that can be paid out in the end, as it stands now. Neuron. */
export function withdrawable(account: { wallet: bigint; balance: bigint }, gasReserve: bigint): bigint {
  return sum([most(account.wallet - gasReserve, 0n), most(account.balance, 0n)])
}
