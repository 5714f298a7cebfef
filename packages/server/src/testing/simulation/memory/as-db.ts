import type { Db } from '../../../database/connect.ts'
import type { ReservationStore } from '../../../features/broker/reservation-store.ts'
import type { AccountStore } from '../../../features/broker/store.ts'
import type { JournalStore } from '../../../features/funding/store.ts'
import type { WithdrawalStore } from '../../../features/withdrawals/store.ts'
import { createKeyedMutex } from '../../../platform/mutex.ts'
import type { MoneyStores } from '../../money-stores.ts'
import { asAsync, type Run } from '../as-async.ts'
import { memoryAccounts } from './accounts.ts'
import { createMemoryDatabase, type View } from './database.ts'
import { memoryJournal } from './journal.ts'
import { isRead } from './reads.ts'
import { memoryReservations } from './reservations.ts'
import { memoryWithdrawals } from './withdrawals.ts'

/** What stands behind a `Db` in memory. */
export type Handle = {
  view: View
  /** When, and in whose turn, a method of a store on this view runs. */
  run: Run
  /** `db.transaction().execute`. */
  execute: <T>(work: (trx: Db) => Promise<T>) => Promise<T>
}

const handleKey = Symbol('handle')

/** What real code takes as a `Db` that only begins transactions on it and hands it to `memoryStores`. */
export function toDb(handle: Handle): Db {
  return { [handleKey]: handle, transaction: () => ({ execute: handle.execute }) } as unknown as Db
}

function handleOf(db: Db): Handle {
  const handle = (db as { [handleKey]?: Handle })[handleKey]
  if (!handle) throw new Error('This database is not in memory')
  return handle
}

function on<T extends object>(db: Db, createTwin: (view: View) => T) {
  const { view, run } = handleOf(db)
  return asAsync(createTwin(view), run)
}

/** In place of the real stores, for a `Db` made by `toDb`. */
export const memoryStores = {
  journalOf: (db: Db): JournalStore => on(db, memoryJournal),
  accountsOf: (db: Db): AccountStore => on(db, memoryAccounts),
  reservationsOf: (db: Db): ReservationStore => on(db, memoryReservations),
  withdrawalsOf: (db: Db): WithdrawalStore => on(db, memoryWithdrawals),
}

/** Like a database with a single connection: transactions, and writes outside of them, take place one after the other. */
export function openMemoryStores(database = createMemoryDatabase()): MoneyStores {
  const turns = createKeyedMutex()
  const inTurn = <T>(work: () => Promise<T>) => turns('database', work)

  const execute: Handle['execute'] = (work) =>
    inTurn(async () => {
      const fork = database.fork()
      try {
        const result = await work(toDb({ view: fork, run: async (_method, call) => call(), execute: refuseNested }))
        fork.commit()
        return result
      } catch (error) {
        fork.rollback()
        throw error
      }
    })

  return {
    ...memoryStores,
    db: toDb({
      view: database.view,
      run: async (method, call) => (isRead(method) ? call() : inTurn(async () => call())),
      execute,
    }),
    listRows: async (table) => database.view.tables()[table],
  }
}

async function refuseNested(): Promise<never> {
  throw new Error('A transaction within a transaction')
}
