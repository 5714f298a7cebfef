import { sum } from '../../platform/neuron.ts'
import { type Complain, type Evidence, type Inflow, isDone, type Sent } from './evidence.ts'

type Withdrawal = Evidence['tables']['withdrawal'][number]

/** A payout that was mined, and when its journal entry was made. */
type Payout = Sent & { quotedAtMs: number }

/** What was signed for is paid out once, and nothing else leaves. */
export function checkWithdrawals(evidence: Evidence, sent: readonly Sent[], complain: Complain): void {
  const { tables, chain, user, orders } = evidence
  for (const withdrawal of tables.withdrawal) {
    const { id, state, amount, digest } = withdrawal
    const steps = tables.chain_transaction.filter(({ withdrawal_id }) => withdrawal_id === id)
    const payouts = steps.filter((entry) => entry.kind === 'payout' && entry.state === 'confirmed')
    const name = `withdrawal ${id} of ${amount ?? 'all'}`
    if (payouts.length > 1) complain('double', `${name} was paid ${payouts.length} times`)
    if (state === 'cancelled' && payouts.length > 0) complain('double', `${name} was cancelled and paid`)
    if (!orders.some((order) => order.principal.digest === digest)) complain('double', `${name} was never signed for`)
    const failures = steps.filter((entry) => entry.state === 'failed').length
    if (state === 'failed' && !evidence.hasRefused && failures === 0 && !isLeftEmpty(withdrawal, evidence, sent)) {
      complain('withdrawal', `${name} failed without reason`)
    }
    const nonces = steps.map(({ nonce }) => nonce)
    for (const { kind, nonce, withdrawal_id } of tables.chain_transaction) {
      const isBetween = nonce > Math.min(...nonces) && nonce < Math.max(...nonces)
      if (withdrawal_id !== id && isBetween) complain('withdrawal', `a ${kind} was sent in the middle of ${name}`)
    }
    const payout = payoutOf(withdrawal, evidence, sent)
    if (state === 'done' && !payout) complain('lost', `${name} is done and was not paid`)
    if (state === 'done' && payout) checkPaid({ name, amount, payout }, evidence, complain)
  }
  const paid = sum(sent.flatMap((item) => (isDone(item, 'payout') ? [item.transaction.value] : [])))
  // All that the user ever got besides was paid in at once, or waits for a block.
  const { wallet } = chain.books.holdingOf(user)
  const onTheWay = sum(chain.mempool.list().map((waiting) => (waiting.kind === 'payment' ? waiting.amount : 0n)))
  if (paid + onTheWay !== wallet) complain('lost', `${paid} left for the user, who holds ${wallet}`)
}

function payoutOf({ id }: Withdrawal, { tables }: Evidence, sent: readonly Sent[]): Payout | undefined {
  const row = tables.chain_transaction.find(
    ({ kind, state, withdrawal_id: of }) => of === id && kind === 'payout' && state === 'confirmed',
  )
  const payout = sent.find(({ transaction }) => transaction.hash === row?.hash)
  return row && payout && { ...payout, quotedAtMs: row.created_at.getTime() }
}

/** Whether an older withdrawal took everything that would pay its own way out, and nothing had come in since. */
function isLeftEmpty(withdrawal: Withdrawal, evidence: Evidence, sent: readonly Sent[]): boolean {
  return evidence.tables.withdrawal
    .filter(({ id, state }) => id < withdrawal.id && state === 'done')
    .some((older) => {
      const payout = payoutOf(older, evidence, sent)
      if (!payout || !isSwept(payout, [])) return false
      const isAll = older.amount === null || payout.transaction.value < older.amount
      const isAfter = ({ atMs }: Inflow) => atMs >= payout.quotedAtMs
      const isBefore = ({ atMs }: Inflow) => atMs <= withdrawal.created_at.getTime()
      return isAll && !evidence.inflows.some((inflow) => isAfter(inflow) && isBefore(inflow))
    })
}

/** What was asked for was paid, or all there was; and of all, less than a transfer's gas is left. */
function checkPaid(
  { name, amount, payout }: { name: string; amount: bigint | null; payout: Payout },
  { inflows }: Evidence,
  complain: Complain,
): void {
  const { value } = payout.transaction
  if (amount !== null && value > amount) complain('double', `${name} paid ${value}`)
  if (value === amount || isSwept(payout, inflows)) return
  complain(amount === null ? 'withdrawal' : 'lost', `${name} paid ${value} and left ${payout.walletAfter}`)
}

/** Gas of a transfer, which is what may be left after everything was withdrawn. */
const transferGas = 21_000n

/** So long a payment may wait until no reorganisation takes it back: a stalled chain, and the blocks after. */
const longestWaitMs = 100_000

/**
 * Whether a payout left less than a transfer's gas, but for what came in too late to be counted on: that pays at most for
 * gas that became dearer.
 */
function isSwept(payout: Payout, inflows: readonly Inflow[]): boolean {
  const { walletAfter, gasUsed, effectiveGasPrice, quotedAtMs } = payout
  const late = inflows.filter(({ to, atMs }) => to === 'wallet' && atMs >= quotedAtMs - longestWaitMs)
  // The newest of them may have come after it.
  const runs = late.flatMap((_, from) => late.slice(from).map((_, length) => late.slice(from, from + length + 1)))
  const lefts = runs.map((run) => walletAfter - sum(run.map(({ amount }) => amount)))
  const isDust = (left: bigint) => left > -gasUsed * effectiveGasPrice && left < transferGas * effectiveGasPrice
  return [walletAfter, ...lefts].some(isDust)
}
