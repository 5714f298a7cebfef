import type { Address } from 'viem'
import { ceilingOf, type Fees } from '../../../chain/broker-signer.ts'
import type { BroadcastOutcome } from '../../../chain/transactions.ts'
import type { Hex } from '../../../platform/hex.ts'
import type { ChainState } from './state.ts'
import { type BrokerTransaction, type ModelTransaction, tipOf } from './transaction.ts'

/**
 * How nodes differ. A `patient` one, as on real networks, keeps what is too cheap until the price falls, and replaces for a
 * tenth more. A `strict` one, as anvil, refuses and forgets what the next block cannot take, and replaces for any more.
 */
export type NodeKind = 'patient' | 'strict'

/** No transaction takes less. */
const leastGas = 21_000n

export type Mempool = ReturnType<typeof createMempool>

/** What waits for a block, in order of arrival. */
export function createMempool(deps: { state: ChainState; node: NodeKind; nextBaseFee: () => bigint }) {
  const { state, node, nextBaseFee } = deps
  let waiting = new Map<Hex, ModelTransaction>()

  function findRival(from: Address, nonce: number): BrokerTransaction | undefined {
    for (const other of waiting.values()) {
      if (other.kind === 'broker' && other.nonce === nonce && other.from === from) return other
    }
    return undefined
  }

  /** Takes a transaction in, or says what speaks against it. */
  function offer(transaction: BrokerTransaction): BroadcastOutcome {
    const { from, nonce, gas, fees, value, hash } = transaction
    const holding = state.find(from)
    if (nonce < holding.nonce) return 'nonce-used'
    const ceiling = ceilingOf(fees)
    const isKnown = waiting.has(hash)
    if (isKnown && node === 'patient') return 'accepted'
    if (gas < leastGas) return 'rejected'
    if (node === 'strict' && ceiling < nextBaseFee()) return 'underpriced'
    if (holding.wallet < value + gas * ceiling) return 'no-gas-money'
    if (isKnown) return 'accepted'
    const rival = findRival(from, nonce)
    if (rival) {
      if (!outbids(fees, rival.fees, node)) return 'underpriced'
      waiting.delete(rival.hash)
    }
    waiting.set(hash, transaction)
    return 'accepted'
  }

  return {
    offer,
    isStrict: node === 'strict',
    size: () => waiting.size,
    has: (hash: Hex): boolean => waiting.has(hash),
    list: (): ModelTransaction[] => [...waiting.values()],

    /** Takes in what nobody can refuse. */
    add(transaction: ModelTransaction): void {
      waiting.set(transaction.hash, transaction)
    },

    /** Takes in what was in a block before; it came first. */
    putBack(transactions: readonly ModelTransaction[]): void {
      const later = waiting
      waiting = new Map(transactions.map((transaction) => [transaction.hash, transaction]))
      for (const [hash, transaction] of later) waiting.set(hash, transaction)
    },

    remove: (hash: Hex): boolean => waiting.delete(hash),
  }
}

function outbids(fees: Fees, rival: Fees, node: NodeKind): boolean {
  const ceiling = ceilingOf(fees)
  if (node === 'strict') return ceiling > ceilingOf(rival)
  return isTenthMore(ceiling, ceilingOf(rival)) && isTenthMore(tipOf(fees), tipOf(rival))
}

const isTenthMore = (price: bigint, other: bigint) => price * 10n >= other * 11n
