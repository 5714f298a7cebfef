import type { Db } from '../database/connect.ts'
import { createReservationStore, type ReservationStore } from '../features/broker/reservation-store.ts'
import { type AccountStore, createAccountStore } from '../features/broker/store.ts'
import { createJournalStore, type JournalStore } from '../features/funding/store.ts'
import { createWithdrawalStore, type WithdrawalStore } from '../features/withdrawals/store.ts'
import type { MoneyTable, Row } from './money-tables.ts'

/** The stores of the money tables, on whatever kind of database: on all of it by `db`, or in one transaction of `db`. */
export type MoneyStores = {
  db: Db
  journalOf: (db: Db) => JournalStore
  accountsOf: (db: Db) => AccountStore
  reservationsOf: (db: Db) => ReservationStore
  withdrawalsOf: (db: Db) => WithdrawalStore
  /** Everything that is committed in one table, in any order. */
  listRows: <T extends MoneyTable>(table: T) => Promise<readonly Row<T>[]>
}

/** The real ones. */
export function sqlStores(db: Db): MoneyStores {
  return {
    db,
    journalOf: createJournalStore,
    accountsOf: createAccountStore,
    reservationsOf: createReservationStore,
    withdrawalsOf: createWithdrawalStore,
    listRows: async <T extends MoneyTable>(table: T) =>
      (await db.selectFrom<MoneyTable>(table).selectAll().execute()) as Row<T>[],
  }
}
