import type { MoneyTable, Row } from '../../money-tables.ts'

/** A snapshot: nobody changes an array or a row, so that whoever holds one keeps what it saw. */
export type Tables = { readonly [T in MoneyTable]: readonly Row<T>[] }

/** Those whose ids the database counts up. */
export type CountedTable = 'withdrawal' | 'chain_transaction' | 'adjustment'

export const noRows: Tables = {
  withdrawal: [],
  chain_transaction: [],
  transaction_attempt: [],
  sighting: [],
  deposit: [],
  ledger: [],
  sub_account: [],
  reservation: [],
  adjustment: [],
}
