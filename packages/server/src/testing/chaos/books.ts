import type { Db } from '../../database/connect.ts'

export type Books = Awaited<ReturnType<typeof readBooks>>
export type UserBooks = ReturnType<typeof booksOf>

/** Every row that says something of money. */
export async function readBooks(db: Db) {
  const [transactions, deposits, reservations, subAccounts, adjustments, queries, requests] = await Promise.all([
    db.selectFrom('chain_transaction').selectAll().orderBy('nonce').execute(),
    db.selectFrom('deposit').selectAll().execute(),
    db.selectFrom('reservation').selectAll().execute(),
    db.selectFrom('sub_account').selectAll().execute(),
    db.selectFrom('adjustment').selectAll().execute(),
    db.selectFrom('user_queries').selectAll().execute(),
    db.selectFrom('signed_request').select(['address', 'digest', 'state']).execute(),
  ])
  return { transactions, deposits, reservations, subAccounts, adjustments, queries, requests }
}

/** Those of one user. */
export function booksOf(books: Books, user: string) {
  const own = <R extends { user_address: string }>(rows: R[]) => rows.filter((row) => row.user_address === user)
  return {
    transactions: own(books.transactions),
    deposits: own(books.deposits),
    reservations: own(books.reservations),
    subAccounts: own(books.subAccounts),
    adjustments: own(books.adjustments),
    queries: books.queries.filter(({ address }) => address === user),
    requests: books.requests.filter(({ address }) => address === user),
  }
}
