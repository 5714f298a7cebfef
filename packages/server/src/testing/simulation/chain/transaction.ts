import type { Address } from 'viem'
import type { Fees, Intent } from '../../../chain/broker-signer.ts'
import type { Hex } from '../../../platform/hex.ts'

/** A transaction of a broker account. */
export type BrokerTransaction = {
  kind: 'broker'
  hash: Hex
  from: Address
  raw: Hex
  user: Address
  nonce: number
  gas: bigint
  fees: Fees
  intent: Intent
  /** What it pays along, besides gas. */
  value: bigint
}

/** What other people do. Their gas is nobody's business here. */
export type ForeignTransaction = { hash: Hex; from: Address } & (
  | { kind: 'payment'; to: Address; amount: bigint }
  /** LedgerManager.depositFundFor. */
  | { kind: 'gift'; to: Address; amount: bigint }
  /** InferenceServing.settleFeesWithTEE with one item; `from` is the provider. */
  | { kind: 'settlement'; of: Address; fee: bigint }
)

export type ModelTransaction = BrokerTransaction | ForeignTransaction

/** What keeps a transaction out of a block. */
export type Obstacle = 'nonce-used' | 'nonce-gap' | 'underpriced' | 'no-money'

/** Neuron that go along with a call. */
export function sentAlong(intent: Intent): bigint {
  return intent.kind === 'deposit' || intent.kind === 'payout' ? intent.amount : 0n
}

/** Neuron per gas for whoever mines it. */
export function tipOf(fees: Fees): bigint {
  return fees.type === 'legacy' ? fees.gasPrice : fees.maxPriorityFeePerGas
}
