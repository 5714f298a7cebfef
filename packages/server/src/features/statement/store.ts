import type { Db } from '../../database/connect.ts'
import type { Hex } from '../../platform/hex.ts'

/** What comes first of one moment; within a source, the highest key does. */
const order = ['reservation', 'adjustment', 'withdrawal', 'transaction'] as const

/** Where a page ended. */
export type Position = { at: Date } & (
  | { source: 'reservation'; id: string }
  | { source: 'adjustment'; id: number }
  | { source: 'withdrawal'; id: number }
  | { source: 'transaction'; nonce: number }
)

type Page = { user: Hex; before: Position | undefined; limit: number }

export type StatementStore = ReturnType<typeof createStatementStore>

/** What moved or holds a user's money, newest first. */
export function createStatementStore(db: Db) {
  return {
    listReservations: ({ user, before, limit }: Page) => {
      const rows = db
        .selectFrom('reservation')
        .leftJoin('user_queries', 'user_queries.request_id', 'reservation.request_id')
        .select(['reservation.id', 'reservation.request_id', 'reservation.provider', 'reservation.model'])
        .select(['reservation.amount', 'reservation.cost', 'reservation.state', 'reservation.created_at'])
        .select(['user_queries.input_tokens', 'user_queries.output_tokens', 'user_queries.verification'])
        .where('reservation.user_address', '=', user)
        .where('reservation.state', '<>', 'released')
        .orderBy('reservation.created_at', 'desc')
        .orderBy('reservation.id', 'desc')
        .limit(limit)
      if (!before) return rows.execute()
      if (before.source !== 'reservation') {
        return rows.where('reservation.created_at', upTo('reservation', before), before.at).execute()
      }
      return rows
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('reservation.created_at', 'reservation.id'), '<', tuple(before.at, before.id)),
        )
        .execute()
    },

    listAdjustments: ({ user, before, limit }: Page) => {
      const rows = db
        .selectFrom('adjustment')
        .select(['id', 'provider', 'amount', 'reason', 'created_at'])
        .where('user_address', '=', user)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
      if (!before) return rows.execute()
      if (before.source !== 'adjustment') {
        return rows.where('created_at', upTo('adjustment', before), before.at).execute()
      }
      return rows
        .where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'id'), '<', tuple(before.at, before.id)))
        .execute()
    },

    listTransactions: ({ user, before, limit }: Page) => {
      const rows = db
        .selectFrom('chain_transaction')
        .select([
          'id',
          'nonce',
          'kind',
          'provider',
          'amount',
          'state',
          'hash',
          'gas_used',
          'effective_gas_price',
          'created_at',
        ])
        .where('user_address', '=', user)
        .orderBy('created_at', 'desc')
        .orderBy('nonce', 'desc')
        .limit(limit)
      if (!before) return rows.execute()
      if (before.source !== 'transaction') {
        return rows.where('created_at', upTo('transaction', before), before.at).execute()
      }
      return rows
        .where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'nonce'), '<', tuple(before.at, before.nonce)))
        .execute()
    },

    listWithdrawals: ({ user, before, limit }: Page) => {
      const rows = db
        .selectFrom('withdrawal')
        .selectAll()
        .where('user_address', '=', user)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
      if (!before) return rows.execute()
      if (before.source !== 'withdrawal') {
        return rows.where('created_at', upTo('withdrawal', before), before.at).execute()
      }
      return rows
        .where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'id'), '<', tuple(before.at, before.id)))
        .execute()
    },

    /** What these withdrawals have paid out. */
    listPayouts: (withdrawalIds: readonly number[]) =>
      db
        .selectFrom('chain_transaction')
        .select(['withdrawal_id', 'amount', 'hash'])
        .where('withdrawal_id', 'in', [0, ...withdrawalIds])
        .where('kind', '=', 'payout')
        .where('state', '=', 'confirmed')
        .execute(),

    /** The providers that these transactions asked for what is locked. */
    listProviders: (transactionIds: readonly number[]) =>
      db
        .selectFrom('sighting')
        .select(['transaction_id', 'provider'])
        .where('transaction_id', 'in', [0, ...transactionIds])
        .orderBy('provider')
        .execute(),

    /** What was charged before the books began. */
    sumOpeningCharges: async (user: Hex) => {
      const { opening } = await db
        .selectFrom('sub_account')
        .select(({ fn }) => fn.sum<bigint | null>('opening').as('opening'))
        .where('user_address', '=', user)
        .executeTakeFirstOrThrow()
      return opening ?? 0n
    },
  }
}

/** Whether what is of the very moment of `before` is still to come. */
function upTo(source: Position['source'], before: Position): '<' | '<=' {
  return order.indexOf(source) > order.indexOf(before.source) ? '<=' : '<'
}
