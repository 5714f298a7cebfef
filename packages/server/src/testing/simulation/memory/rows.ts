import type { Row } from '../../money-tables.ts'

/** What statements answer that return no rows; nobody asks them how many they have changed. */
export const nothing: never[] = []

/** In the order of the database, which is that of JavaScript: by code units. */
export function byProvider(a: { provider: string }, b: { provider: string }): number {
  return a.provider < b.provider ? -1 : a.provider > b.provider ? 1 : 0
}

export function byId(a: { id: number }, b: { id: number }): number {
  return a.id - b.id
}

export function byNonce(a: { nonce: number }, b: { nonce: number }): number {
  return a.nonce - b.nonce
}

export function isOpenEntry({ state }: Row<'chain_transaction'>): boolean {
  return state === 'prepared' || state === 'broadcast' || state === 'unknown'
}

export function isOpenWithdrawal({ state }: Row<'withdrawal'>): boolean {
  return state === 'open' || state === 'cancelling'
}

/** Whether an account has money on its way out. */
export function hasOpenWithdrawal(withdrawals: readonly Row<'withdrawal'>[], user: string): boolean {
  return withdrawals.some((row) => row.user_address === user && isOpenWithdrawal(row))
}

/** Picks the row of one sub-account. */
export function ofSubAccount({ user, provider }: { user: string; provider: string }) {
  return (row: { user_address: string; provider: string }) => row.provider === provider && row.user_address === user
}
