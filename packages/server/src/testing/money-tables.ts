import type { Selectable } from 'kysely'
import type { Schema } from '../database/schema.ts'

/** The tables that hold and move money, in an order in which rows can be inserted. */
export const moneyTables = [
  'withdrawal',
  'chain_transaction',
  'transaction_attempt',
  'sighting',
  'deposit',
  'ledger',
  'sub_account',
  'reservation',
  'adjustment',
] as const satisfies readonly (keyof Schema)[]

export type MoneyTable = (typeof moneyTables)[number]

export type Row<T extends MoneyTable> = Readonly<Selectable<Schema[T]>>
