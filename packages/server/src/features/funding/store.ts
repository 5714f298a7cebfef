import type { Receipt } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import type { Hex } from '../../platform/hex.ts'

export type NewTransaction = {
  user: Hex
  brokerAddress: Hex
  nonce: number
  kind: 'deposit' | 'transfer'
  provider: Hex | null
  amount: bigint
  raw: Hex
  hash: Hex
  now: Date
}

export type JournalEntry = NonNullable<Awaited<ReturnType<JournalStore['find']>>>

export type JournalStore = ReturnType<typeof createJournalStore>

/** The journal of transactions: each stands here, signed, before anybody may broadcast it. */
export function createJournalStore(db: Db) {
  const entries = db.selectFrom('chain_transaction').selectAll()
  return {
    find: (id: number) => entries.where('id', '=', id).executeTakeFirst(),

    findOpen: (user: Hex) =>
      entries
        .where('user_address', '=', user)
        .where('state', 'in', ['prepared', 'broadcast'])
        .orderBy('nonce')
        .executeTakeFirst(),

    listOpen: () => entries.where('state', 'in', ['prepared', 'broadcast']).orderBy('id').execute(),

    /** One past the last nonce in the journal; 0 for an empty one. */
    nextNonce: async (brokerAddress: Hex) => {
      const last = await db
        .selectFrom('chain_transaction')
        .select(({ fn }) => fn.max('nonce').as('nonce'))
        .where('broker_address', '=', brokerAddress)
        .executeTakeFirst()
      return last?.nonce === null || last?.nonce === undefined ? 0 : last.nonce + 1
    },

    append: (entry: NewTransaction) =>
      db
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
          created_at: entry.now,
        })
        .returningAll()
        .executeTakeFirstOrThrow(),

    markBroadcast: (id: number) =>
      db
        .updateTable('chain_transaction')
        .set({ state: 'broadcast' })
        .where('id', '=', id)
        .where('state', '=', 'prepared')
        .execute(),

    /** Ends an open entry with its receipt; undefined when somebody else already did, so that effects are booked once. */
    end: (id: number, receipt: Receipt) =>
      db
        .updateTable('chain_transaction')
        .set({
          state: receipt.succeeded ? 'confirmed' : 'failed',
          block_number: receipt.blockNumber,
          gas_used: receipt.gasUsed,
          effective_gas_price: receipt.effectiveGasPrice,
        })
        .where('id', '=', id)
        .where('state', 'in', ['prepared', 'broadcast'])
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
