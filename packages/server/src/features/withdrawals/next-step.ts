import type { ChainAccount, ChainSubAccount } from '../../chain/reader.ts'
import { least, most, sum } from '../../platform/neuron.ts'

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
  /** How many of them have failed. */
  failures: number
  chain: Pick<ChainAccount, 'wallet' | 'ledger' | 'subAccounts' | 'blockTimeMs'>
  lockTimeMs: number
  minimumDeposit: bigint
  /**
   * What stays in the wallet of who does not take everything: enough to go on with analyses where the ledger can pay the
   * rest of the amount, and always so much that the rest can leave too.
   */
  gasReserve: { toGoOn: bigint; toLeave: bigint }
  /** Providers whose refunds the contract does not take back, because they serve no more. */
  unrestorable: ReadonlySet<string>
}

/** LedgerManager: MAX_PROVIDERS_PER_BATCH. */
const providersAtOnce = 20

/** InferenceServing: so many refunds may be under way at one provider. */
const refundsAtOnce = 5

/** After so many reverted steps nobody tries again: the money stays where it is, and a new withdrawal may be signed. */
const failuresToEnd = 5

/**
 * Decides from what stands in the journal and on chain alone, so that any process can go on after any other, and a step
 * that was done twice over decides the same. LedgerManager and InferenceServing v1.0.
 */
export function nextStep(facts: Facts): Step {
  if (facts.isCancelling) return takeBack(facts)
  if (facts.payout === 'failed') return { do: 'end', state: 'failed' }
  if (facts.payout === 'confirmed') return conclude(facts)
  if (facts.failures >= failuresToEnd) return { do: 'end', state: 'failed' }
  if (facts.amount === undefined) return retrieveAll(facts) ?? takeOut(facts)
  if (facts.hasRefunded) return { do: 'pay', amount: facts.amount }
  return collect(facts, facts.amount) ?? retrieveAll(facts) ?? takeOut(facts)
}

/** How to pay `amount` from what is not locked; undefined when that is too little. */
function collect(facts: Facts, amount: bigint): Step | undefined {
  const { chain, gasReserve } = facts
  const available = chain.ledger?.available ?? 0n
  const missingWith = (reserve: bigint) => amount - most(chain.wallet - reserve, 0n)
  const missing = [missingWith(gasReserve.toGoOn), missingWith(gasReserve.toLeave)].find((item) => item <= available)
  if (missing === undefined) return undefined
  return missing > 0n ? refund(facts, missing) : { do: 'pay', amount }
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

/**
 * What had to leave with the amount goes back, if the ledger still takes it; else it stays in the wallet. So does what is
 * missing there of the gas money to leave with.
 */
function conclude({ rest, hasRefunded, hasDepositedRest, failures, chain, minimumDeposit, gasReserve }: Facts): Step {
  const amount = hasRefunded && !hasDepositedRest ? least(rest, chain.wallet - gasReserve.toLeave) : 0n
  const isTaken = chain.ledger !== undefined || amount >= minimumDeposit
  if (amount <= 0n || !isTaken || failures >= failuresToEnd) return { do: 'end', state: 'done' }
  return { do: 'deposit', amount }
}

/**
 * Who changes their mind gets back what providers were asked for, so that it pays for analyses again. What does not come
 * back now does when the next analysis needs it.
 */
function takeBack({ chain, unrestorable, failures }: Facts): Step {
  if (failures >= failuresToEnd) return { do: 'end', state: 'cancelled' }
  const asked = chain.subAccounts.find((item) => item.pendingRefund > 0n && !unrestorable.has(item.provider))
  if (asked) return { do: 'restore', provider: asked.provider, amount: asked.pendingRefund }
  return { do: 'end', state: 'cancelled' }
}

/** The most that can be paid out in the end, as it stands now. Neuron. */
export function withdrawable(account: { wallet: bigint; balance: bigint }, gasReserve: bigint): bigint {
  return sum([most(account.wallet - gasReserve, 0n), most(account.balance, 0n)])
}
