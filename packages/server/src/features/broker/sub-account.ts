import type { Address } from 'viem'
import { least, most } from '../../platform/neuron.ts'
import { minimumProviderLock } from './terms.ts'

/** One sub-account: what the chain says and what our books say, of one moment. Neuron. */
export type SubAccountState = {
  provider: Address
  balance: bigint
  pendingRefund: bigint
  unsettled: bigint
  reserved: bigint
  spendable: bigint
  /** What the provider says it is owed beyond what our books say. */
  claimed: bigint
  /** What the provider has taken on chain beyond all that it could rightly bill. */
  overtaken: bigint
}

/** Our books of a sub-account. Neuron. */
export type Book = { deposited: bigint; charged: bigint; reserved: bigint; slack: bigint }

type Sighting = { provider: Address; balance: bigint; pendingRefund: bigint }

/**
 * Brings chain, books and the provider's word together. `reported` is what the provider says it is owed; `opening` is a
 * transfer under way, which may stand on chain before it is booked.
 */
export function describeSubAccount(options: {
  seen: Sighting
  book: Book | undefined
  reported: bigint
  opening: bigint
}): SubAccountState {
  const { seen, book, reported, opening } = options
  const { provider, balance, pendingRefund } = seen
  const owed = book ? owedByBooks(book, balance, opening) : 0n
  // However much a provider claims, it can take no more than is locked for it, and what it takes cannot be reserved too.
  const unsettled = least(most(owed, reported), balance)
  const reserved = least(book?.reserved ?? 0n, balance - unsettled)
  const spendable = most(balance - pendingRefund - unsettled - reserved - minimumProviderLock, 0n)
  return {
    provider,
    balance,
    pendingRefund,
    unsettled,
    reserved,
    spendable,
    claimed: most(reported - owed, 0n),
    overtaken: book ? most(book.deposited - balance - book.charged - book.reserved - book.slack, 0n) : 0n,
  }
}

/** Charged less what settlement took, which is what was deposited and is not there any more. */
function owedByBooks({ deposited, charged }: Book, balance: bigint, opening: bigint): bigint {
  const owed = most(charged - (deposited - balance), 0n)
  return owed >= opening ? owed - opening : owed
}
