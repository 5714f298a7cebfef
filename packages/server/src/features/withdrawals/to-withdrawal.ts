import { formatOg } from '@dreamscape/protocol/money'
import type { Withdrawal } from '@dreamscape/protocol/withdrawal'
import type { WithdrawalState } from './service.ts'
import { isOpen } from './store.ts'

/** A withdrawal as the wire tells it. */
export function toWithdrawal(withdrawal: WithdrawalState): Withdrawal {
  const { id, amount, state, waits_for: waitsFor, wait_until: until, gas_shortfall: shortfall, payout } = withdrawal
  return {
    id: `withdrawal-${id}`,
    amount: amount === null ? 'all' : formatOg(amount),
    state,
    // Until its first step is decided it waits for that.
    waitsFor: waitsFor ?? (isOpen(withdrawal) ? 'transaction' : null),
    until: until?.toISOString() ?? null,
    gasShortfall: shortfall === null ? null : formatOg(shortfall),
    paid: payout ? formatOg(payout.amount) : null,
    txHash: payout?.txHash ?? null,
  }
}
