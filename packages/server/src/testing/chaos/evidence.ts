import type { Devnet } from '@dreamscape/devnet/devnet'
import type { Address } from 'viem'
import type { readChainBooks } from '../chain-books.ts'
import type { UserBooks } from './books.ts'
import type { Call } from './calls.ts'
import type { ChainRecord } from './chain-record.ts'
import type { Dreamer } from './dreamer.ts'

export type Violation = { check: string; user: string; detail: string }

/** All there is to know of one user: what the chain holds and tells, what the books say, and what was answered. */
export type Evidence = {
  dreamer: Dreamer
  record: ChainRecord
  chain: Awaited<ReturnType<typeof readChainBooks>>
  books: UserBooks
  calls: Call[]
  devnet: Devnet
}

export type Complain = (check: string, detail: string) => void

/** What the provider says it is still owed, waived or not. Neuron. */
export function claimOf({ devnet, dreamer }: Pick<Evidence, 'devnet' | 'dreamer'>, provider: Address): bigint {
  return devnet.providers.find(({ address }) => address === provider)?.unsettledFee(dreamer.brokerAddress) ?? 0n
}

/** Every provider that has anything to do with the user. */
export function providersOf({ record, chain, books }: Evidence): Address[] {
  const moved = record.sent.flatMap(({ moves }) => [...moves.keys()])
  const booked = books.subAccounts.map(({ provider }) => provider)
  return [...new Set([...chain.locks.keys(), ...record.taken.keys(), ...moved, ...booked])]
}
