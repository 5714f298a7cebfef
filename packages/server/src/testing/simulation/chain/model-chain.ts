import type { Address } from 'viem'
import type { ChainService } from '../../../chain/reader.ts'
import { createChainBooks } from './books.ts'
import type { Rules } from './contracts.ts'
import { createExecution, type Payee } from './execution.ts'
import { createMempool, type NodeKind } from './mempool.ts'
import { createModelReader } from './reader.ts'
import { createModelSigner, createSignatures } from './signer.ts'
import { createChainState } from './state.ts'
import { createModelTransactions } from './transactions.ts'
import { createWorld } from './world.ts'

const gwei = 10n ** 9n

export type ModelChainOptions = Rules & {
  confirmations: number
  /** The deepest reorganisation there will be. */
  deepestReorg?: number
  node?: NodeKind
  /** The clock of the miners. */
  now?: () => number
  baseFee?: bigint
  /** What the node suggests to pay on top of the base fee. */
  suggestedTip?: bigint
  maxGasPrice?: bigint
  services?: readonly ChainService[]
}

export type ModelChain = ReturnType<typeof createModelChain>

/**
 * A chain with the 0G contracts in memory. `reader`, `transactions` and `signer` stand in for the adapters of the real one
 * and answer at once; `world` is everything else that happens on it.
 */
export function createModelChain(options: ModelChainOptions) {
  const { confirmations, deepestReorg = 3, node = 'patient', now = () => 0, services = [] } = options
  const { baseFee = gwei, suggestedTip = gwei, maxGasPrice = 1_000n * gwei } = options
  const { minimumDeposit, minimumTransfer, lockTimeMs } = options
  const rules: Rules = { minimumDeposit, minimumTransfer, lockTimeMs }
  const price = { baseFee }
  const nextBaseFee = () => price.baseFee
  const payees = new Map<Address, Payee>()

  const state = createChainState({ depth: Math.max(deepestReorg, confirmations - 1), timeMs: now(), baseFee })
  const signatures = createSignatures()
  const mempool = createMempool({ state, node, nextBaseFee })
  const execution = createExecution({ state, rules, payees })

  return {
    reader: createModelReader({ state, rules, services, confirmations }),
    transactions: createModelTransactions({
      state,
      mempool,
      execution,
      signatures,
      confirmations,
      maxGasPrice,
      suggestedTip,
      nextBaseFee,
    }),
    signer: createModelSigner(signatures),
    world: createWorld({ state, mempool, execution, signatures, rules, payees, price, now }),
    mempool,
    books: createChainBooks({ state, signatures }),
  }
}
