import { sql } from 'kysely'
import type { Db } from '../../database/connect.ts'
import { openWithdrawalStates } from '../../database/schema.ts'
import type { Hex } from '../../platform/hex.ts'
import { least, most } from '../../platform/neuron.ts'
import { minimumProviderLock } from './terms.ts'

export type NewReservation = {
  id: string
  requestId: string
  user: Hex
  digest: Hex
  provider: Hex
  model: string
  amount: bigint
  heldUntil: Date
  now: Date
}

/** Compared in one round of reconciliation. */
const batchSize = 100

export type ReservationStore = ReturnType<typeof createReservationStore>

/** Worst-case costs held for requests in flight. Every change of state moves the sub-account's tallies in one statement. */
export function createReservationStore(db: Db) {
  /** Books what the provider bills and frees the rest. False, and without effect, for a reservation that has ended before. */
  async function charge({ id, cost }: { id: string; cost: bigint }): Promise<boolean> {
    const { rows } = await sql`with settled as (
        update reservation set state = 'charged', cost = ${cost}::numeric
        where id = ${id}::uuid and state in ('held', 'unknown') returning user_address, provider, amount)
      update sub_account set reserved = sub_account.reserved - settled.amount,
        charged = sub_account.charged + ${cost}::numeric,
        -- What costs nothing moves no tally, and is to be compared with the bill all the same.
        checked = case when ${cost}::numeric = 0 then -1 else sub_account.checked end,
        slack = sub_account.slack + greatest(settled.amount - ${cost}::numeric, 0)
      from settled where sub_account.user_address = settled.user_address
        and sub_account.provider = settled.provider returning 1`.execute(db)
    return rows.length > 0
  }

  return {
    /**
     * Holds `amount` if the sub-account can pay it on top of everything charged and reserved, and no withdrawal is open;
     * undefined otherwise. Throws the database's unique violation when this signed request already holds or was charged.
     */
    hold: async (reservation: NewReservation) => {
      const { rows } = await sql<{ id: string }>`with taken as (
          update sub_account set reserved = reserved + ${reservation.amount}::numeric
          where user_address = ${reservation.user} and provider = ${reservation.provider}
            and deposited - charged - reserved - ${minimumProviderLock}::numeric >= ${reservation.amount}::numeric
            and not exists (select 1 from withdrawal
              where user_address = ${reservation.user} and state in (${sql.join(openWithdrawalStates)}))
          returning user_address)
        insert into reservation (id, request_id, user_address, digest, provider, model, amount, state, held_until, created_at)
        select ${reservation.id}::uuid, ${reservation.requestId}, user_address, ${reservation.digest}, ${reservation.provider}, ${reservation.model},
          ${reservation.amount}::numeric, 'held', ${reservation.heldUntil}::timestamptz, ${reservation.now}::timestamptz
        from taken returning id`.execute(db)
      return rows[0]
    },

    charge,

    find: (id: string) => db.selectFrom('reservation').selectAll().where('id', '=', id).executeTakeFirst(),

    /** Gives back what was held for a request that surely never reached the provider. */
    release: (id: string) =>
      sql`with freed as (
          update reservation set state = 'released', cost = 0
          where id = ${id}::uuid and state in ('held', 'unknown') returning user_address, provider, amount)
        update sub_account set reserved = sub_account.reserved - freed.amount
        from freed where sub_account.user_address = freed.user_address and sub_account.provider = freed.provider`.execute(
        db,
      ),

    /** The request may have been billed, nobody knows: it stays held until reconciliation. */
    markUnknown: (id: string) =>
      db
        .updateTable('reservation')
        .set({ state: 'unknown' })
        .where('id', '=', id)
        .where('state', '=', 'held')
        .execute(),

    /** Reservations whose runner is gone: nobody else will end them. */
    markOverdueUnknown: (now: Date) =>
      db
        .updateTable('reservation')
        .set({ state: 'unknown' })
        .where('state', '=', 'held')
        .where('held_until', '<', now)
        .execute(),

    /**
     * Sub-accounts to compare with their provider's bill: charged since the last time, or with requests of unknown outcome;
     * none with a request in flight, whose bill we could not tell apart.
     */
    listDue: async (now: Date) => {
      const { rows } = await sql<{ user_address: Hex; provider: Hex }>`select user_address, provider from sub_account
        where (charged <> checked or reserved > 0) and not exists (
          select 1 from reservation where reservation.user_address = sub_account.user_address
            and reservation.provider = sub_account.provider
            and (state = 'held' or (state = 'unknown' and held_until >= ${now}::timestamptz)))
        order by looked_at nulls first limit ${batchSize}`.execute(db)
      return rows
    },

    /** Books a correction that no single request explains; `amount` may be below zero. */
    adjust: async (correction: { user: Hex; provider: Hex; amount: bigint; now: Date }) => {
      const { user, provider, amount, now } = correction
      await db.insertInto('adjustment').values({ user_address: user, provider, amount, created_at: now }).execute()
      await db
        .updateTable('sub_account')
        .set({
          charged: sql<bigint>`charged + ${amount}::numeric`,
          slack: sql<bigint>`greatest(slack - greatest(${amount}::numeric, 0), 0)`,
        })
        .where('user_address', '=', user)
        .where('provider', '=', provider)
        .execute()
    },

    /**
     * Closes the books of a sub-account that was emptied, so that charged is what the provider has collected. Requests of
     * unknown outcome, oldest first, get what was collected beyond the charges; what was charged and not collected is
     * waived. What is given up goes to `slack`: entrusted with money again, the provider may collect it after all. Returns
     * what was waived; call it within a database transaction.
     */
    waive: async ({ user, provider, now }: { user: Hex; provider: Hex; now: Date }): Promise<bigint> => {
      const account = { user_address: user, provider }
      const book = await db
        .selectFrom('sub_account')
        .select(['deposited', 'charged'])
        .where((eb) => eb.and(account))
        .forUpdate()
        .executeTakeFirst()
      if (!book) return 0n
      const ended = await db
        .selectFrom('reservation')
        .select(['id', 'amount'])
        .where((eb) => eb.and(account))
        .where('state', 'in', ['held', 'unknown'])
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      let unexplained = most(book.deposited - book.charged, 0n)
      for (const { id, amount } of ended) {
        const cost = least(amount, unexplained)
        await charge({ id, cost })
        unexplained -= cost
      }
      const { rows } = await sql<{ correction: bigint }>`with open as (
          select least(deposited - charged, slack) as correction from sub_account
          where user_address = ${user} and provider = ${provider} for update)
        update sub_account set charged = charged + correction, slack = slack - correction, settled = deposited,
          checked = case when charged + correction = deposited then deposited else -1 end
        from open where user_address = ${user} and provider = ${provider} returning correction`.execute(db)
      const amount = rows[0]?.correction ?? 0n
      if (amount === 0n) return 0n
      const reason = amount < 0n ? 'waived' : 'billed'
      await db
        .insertInto('adjustment')
        .values({ user_address: user, provider, amount, reason, created_at: now })
        .execute()
      return most(-amount, 0n)
    },

    /** Notes that this sub-account was looked at, so that others come first in the next round. */
    markLooked: ({ user, provider, now }: { user: Hex; provider: Hex; now: Date }) =>
      db
        .updateTable('sub_account')
        .set({ looked_at: now })
        .where('user_address', '=', user)
        .where('provider', '=', provider)
        .execute(),

    /**
     * Notes that nothing is left to compare until the next charge. `settled` is what the chain has paid by now: when that is
     * everything, what was given up may still be collected later.
     */
    markChecked: ({ user, provider, settled }: { user: Hex; provider: Hex; settled: bigint }) =>
      db
        .updateTable('sub_account')
        .set({
          checked: sql<bigint>`charged`,
          slack: sql<bigint>`case when deposited = ${settled}::numeric then slack else 0 end`,
          settled,
        })
        .where('user_address', '=', user)
        .where('provider', '=', provider)
        .execute(),

    /** Whether the sub-account was emptied and nothing has gone in since: what is billed now cannot be collected. */
    isEmptied: async ({ user, provider }: { user: Hex; provider: Hex }) => {
      const emptied = await db
        .selectFrom('sub_account')
        .select('provider')
        .where('user_address', '=', user)
        .where('provider', '=', provider)
        .whereRef('settled', '=', 'deposited')
        .executeTakeFirst()
      return emptied !== undefined
    },

    /** Whether a request is in flight, whose bill could not be told apart. */
    hasHeld: async ({ user, provider }: { user: Hex; provider: Hex }) => {
      const held = await db
        .selectFrom('reservation')
        .select('id')
        .where('user_address', '=', user)
        .where('provider', '=', provider)
        .where('state', '=', 'held')
        .executeTakeFirst()
      return held !== undefined
    },

    /** Requests of unknown outcome whose time is over, oldest first. */
    listUnknown: ({ user, provider, before }: { user: Hex; provider: Hex; before: Date }) =>
      db
        .selectFrom('reservation')
        .select(['id', 'amount'])
        .where('user_address', '=', user)
        .where('provider', '=', provider)
        .where('state', '=', 'unknown')
        .where('held_until', '<', before)
        .orderBy('created_at')
        .execute(),
  }
}
