import type { Address } from 'viem'
import type { ChainSubAccount, Move } from '../../../chain/reader.ts'
import type { Hex } from '../../../platform/hex.ts'
import type { ModelTransaction } from './transaction.ts'

/** What LedgerManager and InferenceServing keep of a broker account. Replaced, never changed. */
export type Ledger = { readonly available: bigint; readonly total: bigint; readonly subAccounts: ChainSubAccount[] }

/** A list that shares what came before, so that an older state of it stays readable for nothing. */
export type Grown<T> = { readonly last: T; readonly before: Grown<T> | undefined }

/** What InferenceServing tells by the event of that name. */
export type BalanceUpdate = { provider: Address; balance: bigint; hash: Hex; blockNumber: number }

/** A transaction in a block, and what it did. */
export type Mined = {
  transaction: ModelTransaction
  blockNumber: number
  succeeded: boolean
  /** Why the contract refused. */
  error: string | undefined
  gasUsed: bigint
  effectiveGasPrice: bigint
  /** What the sender then had left. */
  walletAfter: bigint
  /** What it moved into sub-accounts. */
  moves: readonly Move[]
}

/** Everything that is kept under one address. Replaced, never changed. */
export type Holding = {
  readonly wallet: bigint
  readonly nonce: number
  readonly ledger: Ledger | undefined
  /** Of its sub-accounts. */
  readonly updates: Grown<BalanceUpdate> | undefined
  /** Sent from here. */
  readonly mined: Grown<Mined> | undefined
}

export type Block = {
  readonly number: number
  readonly timeMs: number
  readonly baseFee: bigint
  readonly mined: Mined[]
  /** The holdings this block replaced, as they were before. */
  readonly touched: Address[]
  readonly before: Holding[]
}

/** A list with one more item. */
export function grown<T>(before: Grown<T> | undefined, last: T): Grown<T> {
  return { last, before }
}

/** Events with those of a transaction. */
export function withUpdates(before: Grown<BalanceUpdate> | undefined, { transaction, blockNumber, moves }: Mined) {
  let updates = before
  for (const { provider, left: balance } of moves) {
    updates = grown(updates, { provider, balance, hash: transaction.hash, blockNumber })
  }
  return updates
}

const nothing: Holding = { wallet: 0n, nonce: 0, ledger: undefined, updates: undefined, mined: undefined }

export type ChainState = ReturnType<typeof createChainState>

/** The newest state of the chain and the way back to the last `depth` ones. */
export function createChainState(options: { depth: number; timeMs: number; baseFee: bigint }) {
  const { depth, timeMs, baseFee } = options
  const holdings = new Map<Address, Holding>()
  const receipts = new Map<Hex, Mined>()
  let newest: Block = { number: 0, timeMs, baseFee, mined: [], touched: [], before: [] }
  /** Oldest first; of the first one nothing is taken back any more. */
  const blocks = [newest]

  const find = (address: Address): Holding => holdings.get(address) ?? nothing

  function replace(address: Address, holding: Holding): void {
    if (!newest.touched.includes(address)) {
      newest.touched.push(address)
      newest.before.push(find(address))
    }
    holdings.set(address, holding)
  }

  return {
    newest: (): Block => newest,
    find,

    /** As it was when block `number` was the newest. */
    findAt(address: Address, number: number): Holding {
      if (number === newest.number) return find(address)
      if (number < newest.number - blocks.length + 1) throw new Error(`The state of block ${number} is not kept`)
      for (const block of blocks) {
        if (block.number <= number) continue
        const before = block.before[block.touched.indexOf(address)]
        if (before) return before
      }
      return find(address)
    },

    receiptOf: (hash: Hex): Mined | undefined => receipts.get(hash),

    /** Begins a block; what is replaced and recorded from now on belongs to it. */
    begin(timeMs: number, baseFee: bigint): Block {
      newest = { number: newest.number + 1, timeMs, baseFee, mined: [], touched: [], before: [] }
      blocks.push(newest)
      if (blocks.length > depth + 1) blocks.shift()
      return newest
    },

    replace,

    credit(address: Address, amount: bigint): void {
      const holding = find(address)
      replace(address, { ...holding, wallet: holding.wallet + amount })
    },

    record(mined: Mined): void {
      newest.mined.push(mined)
      receipts.set(mined.transaction.hash, mined)
    },

    /** So many of the newest blocks can be taken back. */
    countReversible: (): number => blocks.length - 1,

    /** Takes the newest block back and returns it. */
    takeBack(): Block {
      const undone = newest
      const parent = blocks[blocks.length - 2]
      if (!parent) throw new Error(`Block ${undone.number} is final`)
      for (const [index, address] of undone.touched.entries()) holdings.set(address, undone.before[index] ?? nothing)
      for (const { transaction } of undone.mined) receipts.delete(transaction.hash)
      blocks.pop()
      newest = parent
      return undone
    },

    /** Adds to what an address holds, as if it had always been there: no reorganisation takes it away. */
    give(address: Address, amount: bigint): void {
      const richer = (holding: Holding): Holding => ({ ...holding, wallet: holding.wallet + amount })
      for (const { touched, before } of blocks) {
        const index = touched.indexOf(address)
        const held = before[index]
        if (held) before[index] = richer(held)
      }
      holdings.set(address, richer(find(address)))
    },
  }
}
