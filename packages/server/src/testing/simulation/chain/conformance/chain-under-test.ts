import type { Address } from 'viem'
import type { BrokerSigner } from '../../../../chain/broker-signer.ts'
import type { ChainReader } from '../../../../chain/reader.ts'
import type { Transactions } from '../../../../chain/transactions.ts'
import type { Hex } from '../../../../platform/hex.ts'
import type { Payee } from '../execution.ts'

/** What the model and a real chain have in common. Nothing is mined unless somebody says so, a second after the last block. */
export type ChainUnderTest = {
  /** So deep must a transaction be. */
  confirmations: number
  reader: ChainReader
  transactions: Transactions
  signer: BrokerSigner
  /** Two that can settle. */
  providers: readonly [Address, Address]
  mine(blocks?: number): Promise<void>
  /** Mines one block, so many seconds after the last one. */
  passTime(seconds: number): Promise<void>
  give(address: Address, amount: bigint): Promise<void>
  setBaseFee(baseFee: bigint): Promise<void>
  evict(hash: Hex): Promise<void>
  /** What was in the newest `depth` blocks is lost. */
  reorganise(depth: number): Promise<void>
  setPayee(user: Address, payee: Payee): Promise<void>
  /** The following wait for a block. */
  depositFor(broker: Address, amount: bigint): Promise<void>
  settle(settlement: { provider: Address; broker: Address; fee: bigint }): Promise<void>
}
