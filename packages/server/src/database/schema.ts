import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { Hex } from '../platform/hex.ts'

/** The tables as migrations make them. Amounts are neuron, addresses checksummed. */
export type Schema = {
  deployment: DeploymentTable
  signed_request: SignedRequestTable
  ledger: LedgerTable
  sub_account: SubAccountTable
  chain_transaction: ChainTransactionTable
  transaction_attempt: TransactionAttemptTable
  sighting: SightingTable
  deposit: DepositTable
  withdrawal: WithdrawalTable
  reservation: ReservationTable
  adjustment: AdjustmentTable
  quarantine: QuarantineTable
  user_queries: UserQueriesTable
}

/** Of a withdrawal that is under way. */
export const openWithdrawalStates = ['open', 'cancelling'] as const

type CreatedAt = ColumnType<Date, Date, never>

/** What this database belongs to: one chain, one BROKER_SECRET. A single row. */
type DeploymentTable = {
  id: number
  chain_id: number
  genesis_hash: string
  secret_fingerprint: string
}

/** One signed message, spent on one body. `answer` is sealed: only the signature opens it. */
type SignedRequestTable = {
  address: Hex
  digest: Hex
  body_hash: string
  state: 'running' | 'released' | 'final'
  lease_until: Date
  /** The run that took it last, and the only one that may end it. */
  run_id: string | null
  answer: Uint8Array | null
  created_at: CreatedAt
}

/** The LedgerManager record of a broker account as last read from the chain. */
type LedgerTable = {
  user_address: Hex
  broker_address: Hex
  available: bigint
  block_number: number
}

/**
 * A sub-account's books. What is left for analyses is `deposited − charged − reserved − 1 OG`: settlement moves what is
 * already `charged`, so its timing cancels out. `opening` is the part of `charged` that was found when the books were opened
 * for an account that only the chain remembered; the costs of reservations and the adjustments are the rest.
 */
type SubAccountTable = {
  user_address: Hex
  provider: Hex
  deposited: bigint
  charged: bigint
  opening: Generated<bigint>
  reserved: bigint
  /** `charged` when it was last found to be what the provider bills. */
  checked: Generated<bigint>
  /** How much more than charged the provider could rightly bill: worst cases less costs, since the last check. */
  slack: Generated<bigint>
  /** What the provider had taken on chain at the last check. */
  settled: Generated<bigint>
  /** When the bill was last looked at; the longest ago comes first. */
  looked_at: Date | null
}

/**
 * The journal: a transaction stands here, signed, before it is broadcast. `raw` and `hash` are of the newest attempt, or
 * of the one that was mined. `unknown`: it was sent and nobody said whether it arrived.
 */
type ChainTransactionTable = {
  id: Generated<number>
  user_address: Hex
  broker_address: Hex
  nonce: number
  kind: 'deposit' | 'transfer' | 'restore' | 'retrieve' | 'refund' | 'payout'
  /** Of a transfer or restore; those of a retrieve are its sightings. */
  provider: Hex | null
  amount: bigint
  raw: Hex
  hash: Hex
  state: 'prepared' | 'broadcast' | 'unknown' | 'confirmed' | 'failed'
  block_number: number | null
  gas_used: bigint | null
  effective_gas_price: bigint | null
  withdrawal_id: Generated<number | null>
  created_at: CreatedAt
}

/** Every signed form of a transaction: same nonce, recipient, value and data, other fees. */
type TransactionAttemptTable = {
  hash: Hex
  transaction_id: number
  raw: Hex
  created_at: CreatedAt
}

/**
 * What a sub-account held before a transaction that asks money back from it, or takes that back, as of a block that is
 * final. What the transaction moved is told by the chain's events since then.
 */
type SightingTable = {
  transaction_id: number
  provider: Hex
  balance: bigint
  block_number: number
}

/** A deposit that a user signed for, and the transaction that carries it out. */
type DepositTable = {
  user_address: Hex
  digest: Hex
  transaction_id: number
  created_at: CreatedAt
}

/**
 * A withdrawal that a user signed for; its transactions name it. `amount` null: everything. `rest` is what had to leave the
 * ledger together with the amount, because the contract keeps no small remainders, and goes back into it.
 */
type WithdrawalTable = {
  id: Generated<number>
  user_address: Hex
  digest: Hex
  /** Of the request that turned it back. */
  cancel_digest: Hex | null
  amount: bigint | null
  state: 'open' | 'cancelling' | 'done' | 'failed' | 'cancelled'
  waits_for: 'transaction' | 'lock-time' | 'gas' | null
  wait_until: Date | null
  gas_shortfall: bigint | null
  rest: Generated<bigint>
  created_at: CreatedAt
}

/** The worst-case cost held for a request in flight, and what became of it. */
type ReservationTable = {
  id: string
  /** Of the request it was made for, which is that of its row in `user_queries`. */
  request_id: string | null
  user_address: Hex
  digest: Hex
  provider: Hex
  model: string
  amount: bigint
  cost: bigint | null
  state: 'held' | 'charged' | 'released' | 'unknown'
  held_until: Date
  created_at: CreatedAt
}

/**
 * What a provider turned out to bill beyond (or, below zero, short of) what was charged for it; or, `waived`, fees that it
 * did not collect while there was something to collect them from.
 */
type AdjustmentTable = {
  id: Generated<number>
  user_address: Hex
  provider: Hex
  amount: bigint
  reason: Generated<'billed' | 'waived'>
  created_at: CreatedAt
}

/** Providers that were caught billing what cannot be; they get no requests until then. */
type QuarantineTable = {
  provider: Hex
  reason: string
  until: Date
}

/** For analytics; never what was dreamt. `cost_og` is `cost_neuron` rounded to 6 decimals. */
type UserQueriesTable = {
  id: Generated<number>
  address: Hex
  query_type: string
  model_used: string
  provider: Hex
  request_id: string
  cost_neuron: bigint
  cost_og: GeneratedAlways<string>
  input_tokens: number
  output_tokens: number
  verification: 'none' | 'signer' | 'content'
  response_time_ms: number
  created_at: CreatedAt
}
