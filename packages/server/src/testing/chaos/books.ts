import type { Db } from '../../database/connect.ts'

export type Books = Awaited<ReturnType<typeof readBooks>>
export type UserBooks = ReturnType<typeof booksOf>

/** Every row that says something of money. */
export async function readBooks(db: Db) {
  const [transactions, sightings, deposits, withdrawals, reservations, ...rest] = await Promise.all([
    db.selectFrom('chain_transaction').selectAll().orderBy('nonce').execute(),
    db.selectFrom('sighting').selectAll().execute(),
    db.selectFrom('deposit').selectAll().execute(),
    db.selectFrom('withdrawal').selectAll().orderBy('id').execute(),
    db.selectFrom('reservation').selectAll().execute(),
    db.selectFrom('sub_account').selectAll().execute(),
    db.selectFrom('adjustment').selectAll().execute(),
    db.selectFrom('user_queries').selectAll().execute(),
    db.selectFrom('signed_request').select(['address', 'digest', 'state']).execute(),
  ])
  const [subAccounts, adjustments, queries, requests] = rest
  return {
    transactions,
    sightings,
    deposits,
    withdrawals,
    reservations,
    subAccounts,
    adjustments,
    queries,
    requests,
  }
}

/** Those of one user. */
export function booksOf(books: Books, user: string) {
  const own = <R extends { user_address: string }>(rows: R[]) => rows.filter((row) => row.user_address === user)
  const transactions = own(books.transactions)
  return {
    transactions,
    sightings: books.sightings.filter(({ transaction_id: id }) => transactions.some((row) => row.id === id)),
    deposits: own(books.deposits),
    withdrawals: own(books.withdrawals),
    reservations: own(books.reservations),
    subAccounts: own(books.subAccounts),
    adjustments: own(books.adjustments),
    queries: books.queries.filter(({ address }) => address === user),
    requests: books.requests.filter(({ address }) => address === user),
  }
}
