import type { ChainSubAccount } from '../../../chain/reader.ts'
import { type Gas, retrieveGas } from './gas.ts'

/** InferenceServing: MAX_REFUNDS_PER_ACCOUNT. */
const refundsAtOnce = 5

/** What `retrieveFund` does at one provider. */
type Retrieved = { gas: Gas; paid: bigint; subAccount: ChainSubAccount | undefined; error?: string }

/** processRefund and requestRefundAll; a provider without a sub-account is passed over. */
export function retrieveAt(seen: ChainSubAccount | undefined, nowMs: number, lockTimeMs: number): Retrieved {
  if (!seen) return { gas: retrieveGas.unknown, paid: 0n, subAccount: undefined }
  const waiting = seen.refunds.filter(({ createdAtMs }) => nowMs < createdAtMs + lockTimeMs)
  let pending = 0n
  for (const { amount } of waiting) pending += amount
  const paid = seen.pendingRefund - pending
  const balance = seen.balance - paid
  const asked = balance - pending
  const gas = gasOf({ isPaid: paid > 0n, isAsked: asked > 0n })
  if (asked === 0n) {
    return { gas, paid, subAccount: { ...seen, balance, pendingRefund: pending, refunds: waiting } }
  }
  if (waiting.length >= refundsAtOnce) return { gas, paid: 0n, subAccount: undefined, error: 'TooManyRefunds' }
  waiting.push({ amount: asked, createdAtMs: nowMs })
  return { gas, paid, subAccount: { ...seen, balance, pendingRefund: balance, refunds: waiting } }
}

function gasOf({ isPaid, isAsked }: { isPaid: boolean; isAsked: boolean }): Gas {
  if (isPaid) return isAsked ? retrieveGas.both : retrieveGas.collected
  return isAsked ? retrieveGas.requested : retrieveGas.idle
}
