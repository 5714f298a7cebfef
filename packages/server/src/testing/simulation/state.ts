import type { Hex } from '../../platform/hex.ts'
import type { ModelChain } from './chain/model-chain.ts'
import type { StateName } from './coverage.ts'
import type { Tables } from './memory/tables.ts'

/** How much more often than usual something is to go wrong in a state, because lives are seldom in it. */
export function rarityOf(state: StateName): number {
  if (state === 'restore broadcast') return 60
  if (state.startsWith('restore')) return state === 'restore mined' ? 12 : 40
  if (state.endsWith(' unknown')) return 12
  if (state.endsWith(' prepared')) return 8
  if (state === 'retrieve broadcast') return 8
  if (state === 'transfer broadcast' || state === 'payout broadcast') return 4
  if (state.startsWith('refund')) return 5
  if (state.startsWith('payout') || state.startsWith('retrieve')) return 2
  return state === 'withdrawal waiting' || state === 'reservation held' ? 3 : 1
}

/** Where the money is just now, as the books and the chain tell. */
export function stateOf(tables: Tables, chain: ModelChain): StateName {
  const isMined = (hash: Hex) => chain.transactions.isKnown(hash) && !chain.mempool.has(hash)
  const { chain_transaction, transaction_attempt, withdrawal, reservation } = tables
  for (const { id, kind, state } of chain_transaction) {
    if (state === 'confirmed' || state === 'failed') continue
    const isIn = transaction_attempt.some((attempt) => attempt.transaction_id === id && isMined(attempt.hash))
    return `${kind} ${isIn ? 'mined' : state}`
  }
  const open = withdrawal.find(({ state }) => state === 'open' || state === 'cancelling')
  if (open) return open.waits_for === 'lock-time' ? 'withdrawal waiting' : 'withdrawal deciding'
  if (reservation.some(({ state }) => state === 'held')) return 'reservation held'
  return reservation.some(({ state }) => state === 'unknown') ? 'reservation unknown' : 'idle'
}
