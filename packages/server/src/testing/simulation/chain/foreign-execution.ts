import { assertNever } from '../../../platform/errors.ts'
import { deposit, noMoves, type Rules, settle } from './contracts.ts'
import { type Block, type ChainState, grown, type Mined, withUpdates } from './state.ts'
import type { ForeignTransaction, Obstacle } from './transaction.ts'

/** Carries out what other people do. */
export function createForeignExecution({ state, rules }: { state: ChainState; rules: Rules }) {
  /** Writes down that it was mined, and what that leaves in the sender's wallet. */
  function conclude(transaction: ForeignTransaction, block: Block, end: Partial<Mined> & { paid: bigint }): Mined {
    const { paid, succeeded = true, error, moves = noMoves } = end
    const blockNumber = block.number
    const mined = {
      transaction,
      blockNumber,
      succeeded,
      error,
      gasUsed: 0n,
      effectiveGasPrice: 0n,
      walletAfter: 0n,
      moves,
    }
    const sender = state.find(transaction.from)
    state.replace(transaction.from, {
      ...sender,
      wallet: sender.wallet - paid,
      mined: grown(sender.mined, mined),
    })
    state.record(mined)
    return mined
  }

  return function carryOut(transaction: ForeignTransaction, block: Block): Obstacle | undefined {
    switch (transaction.kind) {
      case 'payment': {
        const { from, to, amount } = transaction
        if (state.find(from).wallet < amount) return 'no-money'
        conclude(transaction, block, { paid: amount })
        state.credit(to, amount)
        return undefined
      }
      case 'gift': {
        const { from, to, amount } = transaction
        if (state.find(from).wallet < amount) return 'no-money'
        const outcome = deposit(state.find(to).ledger, amount, rules)
        if (!outcome.done) {
          conclude(transaction, block, { paid: 0n, succeeded: false, error: outcome.error })
          return undefined
        }
        conclude(transaction, block, { paid: amount })
        state.replace(to, { ...state.find(to), ledger: outcome.ledger })
        return undefined
      }
      case 'settlement': {
        const { from, of, fee } = transaction
        const settled = settle(state.find(of).ledger, { provider: from, fee })
        if (!settled) {
          conclude(transaction, block, { paid: 0n })
          return undefined
        }
        const { ledger, move } = settled
        const mined = conclude(transaction, block, { paid: move.moved, moves: [move] })
        const account = state.find(of)
        state.replace(of, { ...account, ledger, updates: withUpdates(account.updates, mined) })
        return undefined
      }
      default:
        return assertNever(transaction)
    }
  }
}
