import { type Selectable, sql } from 'kysely'
import type { Db } from '../../database/connect.ts'
import { openWithdrawalStates, type Schema } from '../../database/schema.ts'
import type { Hex } from '../../platform/hex.ts'

export type Withdrawal = Selectable<Schema['withdrawal']>

/** What a withdrawal waits for. `until`: not before; `shortfall`: gas money that is missing in the broker wallet, neuron. */
export type Waiting = { for: 'transaction' } | { for: 'lock-time'; until: Date } | { for: 'gas'; shortfall: bigint }

/** Whether it is still under way. */
export function isOpen({ state }: Pick<Withdrawal, 'state'>): boolean {
  return openWithdrawalStates.some((open) => open === state)
}

export type WithdrawalStore = ReturnType<typeof createWithdrawalStore>

/** Withdrawals: each is a job that the journal's transactions carry out, and any process can go on with. */
export function createWithdrawalStore(db: Db) {
  const rows = db.selectFrom('withdrawal').selectAll()
  const open = db.updateTable('withdrawal').where('state', 'in', openWithdrawalStates)

  return {
    /** Opens a withdrawal; undefined when the user has one open, or had one under the same signature. `amount` null: everything. */
    create: (withdrawal: { user: Hex; digest: Hex; amount: bigint | null; now: Date }) =>
      db
        .insertInto('withdrawal')
        .values({
          user_address: withdrawal.user,
          digest: withdrawal.digest,
          amount: withdrawal.amount,
          state: 'open',
          created_at: withdrawal.now,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .executeTakeFirst(),

    find: (id: number) => rows.where('id', '=', id).executeTakeFirst(),

    findSigned: ({ user, digest }: { user: Hex; digest: Hex }) =>
      rows.where('user_address', '=', user).where('digest', '=', digest).executeTakeFirst(),

    findOpen: (user: Hex) =>
      rows.where('user_address', '=', user).where('state', 'in', openWithdrawalStates).executeTakeFirst(),

    findCancelled: ({ user, digest }: { user: Hex; digest: Hex }) =>
      rows.where('user_address', '=', user).where('cancel_digest', '=', digest).executeTakeFirst(),

    listOpen: () => rows.where('state', 'in', openWithdrawalStates).orderBy('id').execute(),

    /** Notes what an open withdrawal waits for. */
    wait: (id: number, waiting: Waiting) =>
      open
        .set({
          waits_for: waiting.for,
          wait_until: waiting.for === 'lock-time' ? waiting.until : null,
          gas_shortfall: waiting.for === 'gas' ? waiting.shortfall : null,
        })
        .where('id', '=', id)
        .execute(),

    /** Holds an open withdrawal as it is until the database transaction ends; undefined when it is not in `state` any more. */
    lock: (id: number, state: Withdrawal['state']) =>
      rows.where('id', '=', id).where('state', '=', state).forUpdate().executeTakeFirst(),

    /** Notes what has to go back into the ledger. */
    setRest: (id: number, rest: bigint) => open.set({ rest }).where('id', '=', id).execute(),

    /** Turns an open withdrawal back, unless money has begun to leave the ledger; undefined when it is too late. */
    cancel: ({ id, digest }: { id: number; digest: Hex }) =>
      db
        .updateTable('withdrawal')
        .set({
          state: 'cancelling',
          cancel_digest: digest,
          waits_for: 'transaction',
          wait_until: null,
          gas_shortfall: null,
        })
        .where('id', '=', id)
        .where('state', '=', 'open')
        .where(
          sql<boolean>`not exists (select 1 from chain_transaction
            where withdrawal_id = withdrawal.id and kind in ('refund', 'payout') and state <> 'failed')`,
        )
        .returningAll()
        .executeTakeFirst(),

    /** Ends a withdrawal that is open; nothing happens to one that has ended. */
    end: (id: number, state: 'done' | 'failed' | 'cancelled') =>
      open.set({ state, waits_for: null, wait_until: null, gas_shortfall: null }).where('id', '=', id).execute(),
  }
}
