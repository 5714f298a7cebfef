import { sql } from 'kysely'
import type { Receipt } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import { openWithdrawalStates } from '../../database/schema.ts'
import type { Hex } from '../../platform/hex.ts'

export type NewTransaction = {
  user: Hex
  brokerAddress: Hex
  nonce: number
  kind: 'deposit' | 'transfer' | 'restore' | 'retrieve' | 'refund' | 'payout'
  provider: Hex | null
  amount: bigint
  raw: Hex
  hash: Hex
  /** The withdrawal it is a step of. */
  withdrawalId: number | null
  /** What the sub-accounts it touches held before, where what it moves is told by events. */
  sightings: readonly Sighting[]
  now: Date
}

export type Sighting = { provider: Hex; balance: bigint; blockNumber: number }

const openStates = ['prepared', 'broadcast', 'unknown'] as const

export type JournalEntry = NonNullable<Awaited<ReturnType<JournalStore['find']>>>

/** Whether nobody knows yet what became of it. */
export function isOpen({ state }: JournalEntry): boolean {
  return openStates.some((open) => open === state)
}

export type JournalStore = ReturnType<typeof createJournalStore>

/** The journal of transactions: each stands here, signed, before anybody may broadcast it. */
export function createJournalStore(db: Db) {
  const entries = db.selectFrom('chain_transaction').selectAll()

  const addAttempt = (attempt: { transactionId: number; raw: Hex; hash: Hex; now: Date }) =>
    db
      .insertInto('transaction_attempt')
      .values({ hash: attempt.hash, transaction_id: attempt.transactionId, raw: attempt.raw, created_at: attempt.now })
      .execute()

  return {
    /** One writer per broker key across all instances, until the database transaction ends. */
    lock: (brokerAddress: Hex) => sql`select pg_advisory_xact_lock(hashtextextended(${brokerAddress}, 0))`.execute(db),

    find: (id: number) => entries.where('id', '=', id).executeTakeFirst(),

    findOpen: (user: Hex) =>
      entries.where('user_address', '=', user).where('state', 'in', openStates).orderBy('nonce').executeTakeFirst(),

    listOpen: () => entries.where('state', 'in', openStates).orderBy('id').execute(),

    /** One past the last nonce in the journal; 0 for an empty one. */
    nextNonce: async (brokerAddress: Hex) => {
      const last = await db
        .selectFrom('chain_transaction')
        .select(({ fn }) => fn.max('nonce').as('nonce'))
        .where('broker_address', '=', brokerAddress)
        .executeTakeFirst()
      return last?.nonce === null || last?.nonce === undefined ? 0 : last.nonce + 1
    },

    /** What was seen before an entry was signed; its providers stand in the order in which a replacement must name them. */
    listSightings: (transactionId: number) =>
      db
        .selectFrom('sighting')
        .select(['provider', 'balance', 'block_number'])
        .where('transaction_id', '=', transactionId)
        .orderBy('provider', (order) => order.collate('C'))
        .execute(),

    /** The steps of a withdrawal, oldest first. */
    listOfWithdrawal: (withdrawalId: number) =>
      entries.where('withdrawal_id', '=', withdrawalId).orderBy('nonce').execute(),

    /** Whether money of `user` is on its way out, so that none may go in. */
    hasOpenWithdrawal: async (user: Hex) => {
      const open = await db
        .selectFrom('withdrawal')
        .select('id')
        .where('user_address', '=', user)
        .where('state', 'in', openWithdrawalStates)
        .executeTakeFirst()
      return open !== undefined
    },

    /** Writes a signed transaction down, with its first attempt; call it within a database transaction. */
    async append(entry: NewTransaction) {
      const row = await db
        .insertInto('chain_transaction')
        .values({
          user_address: entry.user,
          broker_address: entry.brokerAddress,
          nonce: entry.nonce,
          kind: entry.kind,
          provider: entry.provider,
          amount: entry.amount,
          raw: entry.raw,
          hash: entry.hash,
          state: 'prepared',
          withdrawal_id: entry.withdrawalId,
          created_at: entry.now,
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      for (const { provider, balance, blockNumber } of entry.sightings) {
        await db
          .insertInto('sighting')
          .values({ transaction_id: row.id, provider, balance, block_number: blockNumber })
          .execute()
      }
      await addAttempt({ transactionId: row.id, raw: entry.raw, hash: entry.hash, now: entry.now })
      return row
    },

    /** Makes a dearer form of an open entry the newest one; undefined when it was ended or replaced meanwhile. */
    async replace(entry: { id: number; hash: Hex }, attempt: { raw: Hex; hash: Hex; now: Date }) {
      const row = await db
        .updateTable('chain_transaction')
        .set({ raw: attempt.raw, hash: attempt.hash })
        .where('id', '=', entry.id)
        .where('hash', '=', entry.hash)
        .where('state', 'in', openStates)
        .returningAll()
        .executeTakeFirst()
      if (row) await addAttempt({ transactionId: row.id, ...attempt })
      return row
    },

    /** Newest first. */
    listAttempts: (id: number) =>
      db
        .selectFrom('transaction_attempt')
        .select(['hash', 'raw', 'created_at'])
        .where('transaction_id', '=', id)
        .orderBy('created_at', 'desc')
        .execute(),

    /** Notes what the node said to an open entry. */
    markSent: (id: number, state: 'broadcast' | 'unknown') =>
      db
        .updateTable('chain_transaction')
        .set({ state })
        .where('id', '=', id)
        .where('state', 'in', state === 'broadcast' ? ['prepared', 'unknown'] : ['prepared'])
        .execute(),

    /** Notes whether the withdrawal which an open entry is a step of waits for gas money. `shortfall` in neuron, 0 for none. */
    noteShortfall: (id: number, shortfall: bigint) =>
      db
        .updateTable('withdrawal')
        .from('chain_transaction')
        .set({
          waits_for: shortfall > 0n ? 'gas' : 'transaction',
          wait_until: null,
          gas_shortfall: shortfall > 0n ? shortfall : null,
        })
        .whereRef('withdrawal.id', '=', 'chain_transaction.withdrawal_id')
        .where('chain_transaction.id', '=', id)
        .where('chain_transaction.state', 'in', openStates)
        .where('withdrawal.state', 'in', openWithdrawalStates)
        .execute(),

    /**
     * Ends an open entry with the receipt of one of its attempts; undefined when somebody else already did, so that effects
     * are booked once.
     */
    end: (id: number, receipt: Receipt & { hash: Hex }) =>
      db
        .updateTable('chain_transaction')
        .set({
          state: receipt.succeeded ? 'confirmed' : 'failed',
          hash: receipt.hash,
          raw: sql<Hex>`coalesce(
            (select attempt.raw from transaction_attempt attempt where attempt.hash = ${receipt.hash}),
            chain_transaction.raw)`,
          block_number: receipt.blockNumber,
          gas_used: receipt.gasUsed,
          effective_gas_price: receipt.effectiveGasPrice,
        })
        .where('id', '=', id)
        .where('state', 'in', openStates)
        .returningAll()
        .executeTakeFirst(),

    /** Ends an open entry that can never be mined: another transaction took its nonce. */
    endWithout: (id: number) =>
      db
        .updateTable('chain_transaction')
        .set({ state: 'failed' })
        .where('id', '=', id)
        .where('state', 'in', openStates)
        .returningAll()
        .executeTakeFirst(),

    /** Binds a signed request to the transaction that carries it out. Throws the unique violation on a second one. */
    appendDeposit: (deposit: { user: Hex; digest: Hex; transactionId: number; now: Date }) =>
      db
        .insertInto('deposit')
        .values({
          user_address: deposit.user,
          digest: deposit.digest,
          transaction_id: deposit.transactionId,
          created_at: deposit.now,
        })
        .execute(),

    findDeposit: ({ user, digest }: { user: Hex; digest: Hex }) =>
      db
        .selectFrom('deposit')
        .innerJoin('chain_transaction', 'chain_transaction.id', 'deposit.transaction_id')
        .selectAll('chain_transaction')
        .where('deposit.user_address', '=', user)
        .where('deposit.digest', '=', digest)
        .executeTakeFirst(),
  }
}
