import type { Address } from 'viem'
import type { Hex } from '../../../platform/hex.ts'
import type { Rules } from './contracts.ts'
import type { Execution, Payee } from './execution.ts'
import type { Mempool } from './mempool.ts'
import type { Signatures } from './signer.ts'
import type { Block, ChainState } from './state.ts'
import type { ModelTransaction } from './transaction.ts'

/** A block to be mined: those that `choose` takes of what waits, in its order, and of that time instead of now. */
export type BlockPlan = {
  choose?: (waiting: readonly ModelTransaction[]) => readonly ModelTransaction[]
  timeMs?: number
}

const nobody = () => []

export type World = ReturnType<typeof createWorld>

/** Everything outside the servers: miners, time, and other people. */
export function createWorld(deps: {
  state: ChainState
  mempool: Mempool
  execution: Execution
  signatures: Signatures
  rules: Rules
  payees: Map<Address, Payee>
  price: { baseFee: bigint }
  now: () => number
}) {
  const { state, mempool, execution, signatures, rules, payees, price } = deps
  let aheadMs = 0
  const now = () => deps.now() + aheadMs

  /** Takes in what can be taken; what another one waits for comes first, whenever it arrived. */
  function fill(block: Block, chosen: readonly ModelTransaction[]): void {
    const waiting = chosen.filter((transaction) => {
      const obstacle = execution.run(transaction, block)
      const stays = obstacle === 'nonce-gap' || (!mempool.isStrict && obstacle && obstacle !== 'nonce-used')
      if (!stays) mempool.remove(transaction.hash)
      return obstacle === 'nonce-gap'
    })
    if (waiting.length > 0 && waiting.length < chosen.length) fill(block, waiting)
  }

  /** Mines a block of what waits, in order of arrival if nobody chooses. */
  function mine({ choose, timeMs = now() }: BlockPlan = {}): Block {
    const wholeSecond = Math.floor(timeMs / 1_000) * 1_000
    const block = state.begin(Math.max(state.newest().timeMs, wholeSecond), price.baseFee)
    if (mempool.size() === 0) return block
    const waiting = mempool.list()
    fill(block, choose ? choose(waiting) : waiting)
    return block
  }

  function send<T extends ModelTransaction>(transaction: T): Hex {
    mempool.add(transaction)
    return transaction.hash
  }

  return {
    mine,

    /** Blocks in which nothing happens. */
    mineEmpty(blocks = 1): void {
      for (let count = 0; count < blocks; count += 1) mine({ choose: nobody })
    },

    now,
    /** Moves the time of miners beyond what the clock says. */
    advance(ms: number): void {
      aheadMs += ms
    },

    /** What the next blocks ask for each gas, until it changes again. */
    setBaseFee(baseFee: bigint): void {
      price.baseFee = baseFee
    },

    /** What is asked back from now on, and what already was, waits so long. No reorganisation changes that. */
    setLockTime(lockTimeMs: number): void {
      rules.lockTimeMs = lockTimeMs
    },

    /** No reorganisation changes that either. */
    setPayee(user: Address, payee: Payee): void {
      payees.set(user, payee)
    },

    /** The node forgets a transaction that waits. */
    evict: (hash: Hex): boolean => mempool.remove(hash),

    /**
     * Another branch takes the place of the newest `depth` blocks: as many empty ones of the same times, or those of
     * `branch`. What was in them waits again, except what `isLost`. Throws when it is deeper than was agreed.
     */
    reorganise(options: {
      depth: number
      isLost?: (transaction: ModelTransaction) => boolean
      branch?: readonly BlockPlan[]
    }): void {
      const { depth, isLost = () => false, branch } = options
      if (branch && branch.length < depth) throw new Error('Only a branch that is as long takes the place of another')
      if (depth > state.countReversible()) throw new Error(`The last ${depth} blocks are not kept`)
      const undone: Block[] = []
      for (let count = 0; count < depth; count += 1) undone.unshift(state.takeBack())
      const transactions = undone.flatMap(({ mined }) => mined.map(({ transaction }) => transaction))
      mempool.putBack(transactions.filter((transaction) => !isLost(transaction)))
      for (const plan of branch ?? undone.map(({ timeMs }) => ({ timeMs, choose: nobody }))) mine(plan)
    },

    /** Money from nowhere, at once. */
    give: state.give,

    /** Somebody pays somebody. Waits for a block, as all the following. */
    pay: (from: Address, to: Address, amount: bigint): Hex =>
      send({ kind: 'payment', hash: signatures.nextHash(), from, to, amount }),

    /** Somebody deposits into the ledger of somebody else. */
    depositFor: (from: Address, to: Address, amount: bigint): Hex =>
      send({ kind: 'gift', hash: signatures.nextHash(), from, to, amount }),

    /** A provider collects `fee` from the sub-account of a broker, as far as there is so much. */
    settle: (provider: Address, of: Address, fee: bigint): Hex =>
      send({ kind: 'settlement', hash: signatures.nextHash(), from: provider, of, fee }),
  }
}
