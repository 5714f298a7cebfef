import type { Db } from '../../database/connect.ts'
import { assertNever } from '../../platform/errors.ts'
import type { Hex } from '../../platform/hex.ts'
import type { WithdrawalState } from '../withdrawals/service.ts'
import { createStatementStore, type Position, type StatementStore } from './store.ts'

type Row<Listing extends 'listReservations' | 'listAdjustments' | 'listWithdrawals' | 'listTransactions'> = Awaited<
  ReturnType<StatementStore[Listing]>
>[number]

/** One thing that moved or holds money, as it stands in the books. */
export type Entry =
  | ({ source: 'reservation' } & Row<'listReservations'>)
  | ({ source: 'adjustment' } & Row<'listAdjustments'>)
  | ({ source: 'withdrawal'; payout: WithdrawalState['payout'] } & Row<'listWithdrawals'>)
  | ({ source: 'transaction'; providers: Hex[] } & Row<'listTransactions'>)

export type StatementService = ReturnType<typeof createStatementService>

/** Tells users what became of their money, from the books alone. */
export function createStatementService({ db }: { db: Db }) {
  return {
    /**
     * At most `limit` entries older than `before`, newest first; `next` is where the following page goes on. Whoever
     * follows it to the end sees every entry there was at the beginning exactly once. Neuron.
     */
    listPage: async ({ user, before, limit }: { user: Hex; before: Position | undefined; limit: number }) => {
      // One snapshot: of two entries made between the queries, the newer one alone would push the page past the other.
      const { reservations, adjustments, withdrawals, transactions, openingCharges } = await db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute(async (trx) => {
          const store = createStatementStore(trx)
          const oneMore = { user, before, limit: limit + 1 }
          const withdrawn = await store.listWithdrawals(oneMore)
          const sent = await store.listTransactions(oneMore)
          const payouts = await store.listPayouts(withdrawn.map(({ id }) => id))
          const asked = await store.listProviders(sent.flatMap(({ id, kind }) => (kind === 'retrieve' ? [id] : [])))
          return {
            reservations: await store.listReservations(oneMore),
            adjustments: await store.listAdjustments(oneMore),
            withdrawals: withdrawn.map((row) => ({ ...row, payout: payoutOf(row.id, payouts) })),
            transactions: sent.map((row) => ({
              ...row,
              providers: asked.flatMap((item) => (item.transaction_id === row.id ? [item.provider] : [])),
            })),
            openingCharges: await store.sumOpeningCharges(user),
          }
        })
      const found: Entry[] = [
        ...reservations.map((row) => ({ source: 'reservation' as const, ...row })),
        ...adjustments.map((row) => ({ source: 'adjustment' as const, ...row })),
        ...withdrawals.map((row) => ({ source: 'withdrawal' as const, ...row })),
        ...transactions.map((row) => ({ source: 'transaction' as const, ...row })),
      ]
      // What is of one moment stays in this order, which is that of positions.
      found.sort((a, b) => b.created_at.getTime() - a.created_at.getTime())
      const entries = found.slice(0, limit)
      const last = entries.at(-1)
      return { entries, next: last && found.length > limit ? positionOf(last) : undefined, openingCharges }
    },
  }
}

function payoutOf(
  withdrawalId: number,
  payouts: Awaited<ReturnType<StatementStore['listPayouts']>>,
): WithdrawalState['payout'] {
  const paid = payouts.find((row) => row.withdrawal_id === withdrawalId)
  return paid && { amount: paid.amount, txHash: paid.hash }
}

function positionOf(entry: Entry): Position {
  const at = entry.created_at
  switch (entry.source) {
    case 'reservation':
      return { at, source: entry.source, id: entry.id }
    case 'adjustment':
    case 'withdrawal':
      return { at, source: entry.source, id: entry.id }
    case 'transaction':
      return { at, source: entry.source, nonce: entry.nonce }
    default:
      return assertNever(entry)
  }
}
