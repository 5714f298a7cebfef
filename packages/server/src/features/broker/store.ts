import { sql } from 'kysely'
import type { Db } from '../../database/connect.ts'
import type { Hex } from '../../platform/hex.ts'

export type AccountStore = ReturnType<typeof createAccountStore>

/** What we know of broker accounts: the ledger as last read, and the books of every sub-account. Neuron. */
export function createAccountStore(db: Db) {
  return {
    findLedger: (user: Hex) => db.selectFrom('ledger').selectAll().where('user_address', '=', user).executeTakeFirst(),

    listSubAccounts: (user: Hex) =>
      db.selectFrom('sub_account').selectAll().where('user_address', '=', user).orderBy('provider').execute(),

    /** What is in the ledger and, in every sub-account, neither charged nor reserved. */
    sumBalance: async (user: Hex): Promise<bigint> => {
      const { rows } = await sql<{ balance: bigint }>`select
        coalesce((select available from ledger where user_address = ${user}), 0) + coalesce((
          select sum(greatest(deposited - charged - reserved, 0)) from sub_account where user_address = ${user}
        ), 0) as balance`.execute(db)
      return rows[0]?.balance ?? 0n
    },

    /** Keeps what the chain said at a block, unless something newer is known. */
    saveLedger: (ledger: { user: Hex; brokerAddress: Hex; available: bigint; blockNumber: number }) =>
      db
        .insertInto('ledger')
        .values({
          user_address: ledger.user,
          broker_address: ledger.brokerAddress,
          available: ledger.available,
          block_number: ledger.blockNumber,
        })
        .onConflict((conflict) =>
          conflict
            .column('user_address')
            .doUpdateSet({ available: ledger.available, block_number: ledger.blockNumber })
            .where('ledger.block_number', '<=', ledger.blockNumber),
        )
        .execute(),

    /** Transactions into or out of sub-accounts that are journaled and not yet booked. */
    listOpenMoves: (user: Hex) =>
      db
        .selectFrom('chain_transaction')
        .select(['kind', 'provider', 'amount'])
        .where('user_address', '=', user)
        .where('kind', 'in', ['transfer', 'restore', 'retrieve'])
        .where('state', 'in', ['prepared', 'broadcast', 'unknown'])
        .execute(),

    /** Books a transfer of ours that the chain has confirmed. */
    creditSubAccount: ({ user, provider, amount }: { user: Hex; provider: Hex; amount: bigint }) =>
      db
        .insertInto('sub_account')
        .values({ user_address: user, provider, deposited: amount, charged: 0n, reserved: 0n })
        .onConflict((conflict) =>
          conflict
            .columns(['user_address', 'provider'])
            .doUpdateSet({ deposited: sql<bigint>`sub_account.deposited + ${amount}` }),
        )
        .execute(),

    /**
     * Books what a final transaction moved into a sub-account, or, below zero, out of it. Never below nothing: the books
     * may know less than the chain (a database restored from a copy), and must not stand in the way out.
     */
    moveDeposited: ({ user, provider, moved }: { user: Hex; provider: Hex; moved: bigint }) =>
      db
        .updateTable('sub_account')
        .set({ deposited: sql<bigint>`greatest(deposited + ${moved}::numeric, 0)` })
        .where('user_address', '=', user)
        .where('provider', '=', provider)
        .execute(),

    /**
     * Opens the books of a sub-account that stands on chain but is unknown here (a lost database), as it was at a block.
     * Does nothing when a transfer of ours explains it: that one is booked when it confirms. Nor while something of ours
     * takes money out of it or brings it back, or when that happened after the block: it would be booked twice, or not.
     */
    openFoundSubAccount: (found: {
      user: Hex
      provider: Hex
      deposited: bigint
      charged: bigint
      blockNumber: number
    }) =>
      sql`insert into sub_account (user_address, provider, deposited, charged, opening, reserved)
        select ${found.user}, ${found.provider}, ${found.deposited}::numeric, ${found.charged}::numeric,
          ${found.charged}::numeric, 0
        where not exists (select 1 from chain_transaction
          where user_address = ${found.user} and provider = ${found.provider} and kind = 'transfer' and state <> 'failed')
        and not exists (select 1 from chain_transaction join sighting on sighting.transaction_id = chain_transaction.id
          where user_address = ${found.user} and sighting.provider = ${found.provider} and state <> 'failed'
            and (chain_transaction.block_number is null or chain_transaction.block_number > ${found.blockNumber}))
        on conflict do nothing`.execute(db),

    /** Has reconciliation look at a sub-account, though nothing was charged since it last did. */
    markDue: ({ user, provider }: { user: Hex; provider: Hex }) =>
      db
        .updateTable('sub_account')
        .set({ checked: -1n })
        .where('user_address', '=', user)
        .where('provider', '=', provider)
        .execute(),

    /** Holds the sub-account's books until the transaction ends; undefined when they are not as `book` says any more. */
    lockUnchanged: (book: { user_address: Hex; provider: Hex; deposited: bigint; charged: bigint; reserved: bigint }) =>
      db
        .selectFrom('sub_account')
        .select('provider')
        .where('user_address', '=', book.user_address)
        .where('provider', '=', book.provider)
        .where('deposited', '=', book.deposited)
        .where('charged', '=', book.charged)
        .where('reserved', '=', book.reserved)
        .forUpdate()
        .executeTakeFirst(),
  }
}
