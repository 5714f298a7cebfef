import type { Address } from 'viem'
import type { ModelChain } from './chain/model-chain.ts'
import type { Mined } from './chain/state.ts'
import type { BrokerTransaction } from './chain/transaction.ts'
import type { Order } from './clients.ts'
import type { Tables } from './memory/tables.ts'
import type { ModelProvider } from './provider.ts'

/** `double`: something happened twice. `lost`: what was said to be done is not. `stuck`: nobody will ever end it. */
export type Violation = {
  check: 'double' | 'lost' | 'stuck' | 'books' | 'withdrawal' | 'bug'
  detail: string
}

/** Money that came to the broker from outside. Neuron; milliseconds. */
export type Inflow = { to: 'wallet' | 'ledger'; amount: bigint; atMs: number }

export type Evidence = {
  tables: Tables
  chain: ModelChain
  provider: ModelProvider
  providerAddress: Address
  broker: Address
  user: Address
  orders: readonly Order[]
  /** Oldest first. */
  inflows: readonly Inflow[]
  /** Whether the user's address ever refused money. */
  hasRefused: boolean
}

/** What the broker sent and was mined. */
export type Sent = Mined & { transaction: BrokerTransaction }

export type Complain = (check: Violation['check'], detail: string) => void

export const isSent = (mined: Mined): mined is Sent => mined.transaction.kind === 'broker'

export const isDone = (sent: Sent, kind: Sent['transaction']['intent']['kind']): boolean =>
  sent.succeeded && sent.transaction.intent.kind === kind
