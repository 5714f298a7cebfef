import type { MoneyTable, Row } from '../../money-tables.ts'
import { isOpenWithdrawal } from './rows.ts'
import type { Tables } from './tables.ts'

/** A unique key: whether two rows have the same one. Nothing is the same as null, or as what a partial index leaves out. */
type Key<T extends MoneyTable> = {
  isSame: (a: Row<T>, b: Row<T>) => boolean
  /** Whether it keeps a signed request from acting twice. */
  ofDigest?: true
}

type Rules<T extends MoneyTable> = {
  keys: readonly Key<T>[]
  /** The check constraints. */
  isValid: (row: Row<T>) => boolean
  /** The foreign keys. */
  isRooted: (row: Row<T>, tables: Tables) => boolean
}

type Owned = { user_address: string }
type Signed = Owned & { digest: string }
type OfProvider = Owned & { provider: string }

const ofUser = (a: Owned, b: Owned) => a.user_address === b.user_address
const ofRequest = (a: Signed, b: Signed) => a.digest === b.digest && ofUser(a, b)
const ofSubAccount = (a: OfProvider, b: OfProvider) => a.provider === b.provider && ofUser(a, b)
const isHoldable = ({ state }: Row<'reservation'>) => state !== 'released'

const always = () => true
const inJournal = ({ transaction_id: id }: { transaction_id: number }, { chain_transaction: journal }: Tables) =>
  journal.some((entry) => entry.id === id)
const hasBooks = (row: OfProvider, { sub_account: books }: Tables) => books.some((book) => ofSubAccount(book, row))

/** The constraints of database/migrations, as far as types do not keep them. Ids that are counted up are unique by themselves. */
export const rules: { readonly [T in MoneyTable]: Rules<T> } = {
  withdrawal: {
    keys: [
      { isSame: ofRequest, ofDigest: true },
      {
        isSame: (a, b) => a.cancel_digest !== null && a.cancel_digest === b.cancel_digest && ofUser(a, b),
        ofDigest: true,
      },
      { isSame: (a, b) => ofUser(a, b) && isOpenWithdrawal(a) && isOpenWithdrawal(b) },
    ],
    isValid: ({ amount, rest }) => (amount === null || amount > 0n) && rest >= 0n,
    isRooted: always,
  },
  chain_transaction: {
    keys: [
      { isSame: (a, b) => a.hash === b.hash },
      { isSame: (a, b) => a.nonce === b.nonce && a.broker_address === b.broker_address },
    ],
    isValid: ({ amount, kind }) => amount > 0n || (kind === 'retrieve' && amount === 0n),
    isRooted: ({ withdrawal_id: id }, { withdrawal }) => id === null || withdrawal.some((row) => row.id === id),
  },
  transaction_attempt: {
    keys: [{ isSame: (a, b) => a.hash === b.hash }],
    isValid: always,
    isRooted: inJournal,
  },
  sighting: {
    keys: [{ isSame: (a, b) => a.transaction_id === b.transaction_id && a.provider === b.provider }],
    isValid: ({ balance }) => balance >= 0n,
    isRooted: inJournal,
  },
  deposit: {
    keys: [{ isSame: ofRequest, ofDigest: true }],
    isValid: always,
    isRooted: inJournal,
  },
  ledger: {
    keys: [{ isSame: ofUser }],
    isValid: ({ available }) => available >= 0n,
    isRooted: always,
  },
  sub_account: {
    keys: [{ isSame: ofSubAccount }],
    isValid: (book) =>
      book.deposited >= 0n && book.charged >= 0n && book.opening >= 0n && book.reserved >= 0n && book.slack >= 0n,
    isRooted: always,
  },
  reservation: {
    keys: [
      { isSame: (a, b) => a.id === b.id },
      { isSame: (a, b) => ofRequest(a, b) && isHoldable(a) && isHoldable(b), ofDigest: true },
    ],
    isValid: ({ amount, cost }) => amount >= 0n && (cost === null || cost >= 0n),
    isRooted: hasBooks,
  },
  adjustment: {
    keys: [],
    isValid: always,
    isRooted: hasBooks,
  },
}
