import type { Address } from 'viem'
import { ceilingOf, type Intent } from '../../../chain/broker-signer.ts'
import { assertNever } from '../../../platform/errors.ts'
import { least } from '../../../platform/neuron.ts'
import { deposit, noMoves, type Outcome, type Rules, refund, refuse, retrieve, transfer } from './contracts.ts'
import { createForeignExecution } from './foreign-execution.ts'
import { callGas, refusedGas } from './gas.ts'
import { type Block, type ChainState, grown, type Holding, type Mined, withUpdates } from './state.ts'
import { type BrokerTransaction, type ModelTransaction, type Obstacle, tipOf } from './transaction.ts'

/** How a user's address takes money: as a plain account, as a contract that needs so much gas for it, or not at all. */
export type Payee = 'plain' | 'refusing' | { gas: bigint }

type Caller = { broker: Address; user: Address; holding: Holding }

export type Execution = ReturnType<typeof createExecution>

/** Carries transactions out on the newest state. */
export function createExecution(deps: { state: ChainState; rules: Rules; payees: ReadonlyMap<Address, Payee> }) {
  const { state, rules, payees } = deps
  const carryOutForeign = createForeignExecution({ state, rules })

  function payOut(user: Address, ledger: Holding['ledger']): Outcome {
    const payee = payees.get(user) ?? 'plain'
    if (payee === 'refusing') return refuse('Reverted', refusedGas.payout)
    const gas = payee === 'plain' ? callGas.plainPayout : { needed: payee.gas, used: payee.gas }
    return { done: true, ledger, paidOut: 0n, moves: noMoves, gas }
  }

  /** What a call would do in a block of that time. */
  function simulate({ broker, user, holding }: Caller, intent: Intent, nowMs: number): Outcome {
    const { ledger } = holding
    switch (intent.kind) {
      case 'deposit':
        return deposit(ledger, intent.amount, rules)
      case 'transfer':
      case 'restore':
        return transfer(ledger, { broker, provider: intent.provider, amount: intent.amount }, rules)
      case 'retrieve':
        return retrieve(ledger, { providers: intent.providers, nowMs }, rules)
      case 'refund':
        return refund(ledger, intent.amount, rules)
      case 'payout':
        return payOut(user, ledger)
      default:
        return assertNever(intent)
    }
  }

  function carryOut(transaction: BrokerTransaction, block: Block): Obstacle | undefined {
    const { from, user, intent, nonce, gas, fees, value } = transaction
    const holding = state.find(from)
    if (nonce !== holding.nonce) return nonce < holding.nonce ? 'nonce-used' : 'nonce-gap'
    const ceiling = ceilingOf(fees)
    if (ceiling < block.baseFee) return 'underpriced'
    if (holding.wallet < value + gas * ceiling) return 'no-money'
    const outcome = simulate({ broker: from, user, holding }, intent, block.timeMs)
    const isDone = outcome.done && outcome.gas.needed <= gas
    const mined: Mined = {
      transaction,
      blockNumber: block.number,
      succeeded: isDone,
      error: isDone ? undefined : outcome.done ? 'OutOfGas' : outcome.error,
      gasUsed: isDone ? outcome.gas.used : outcome.done ? gas : least(outcome.gasUsed, gas),
      effectiveGasPrice: least(ceiling, block.baseFee + tipOf(fees)),
      moves: isDone ? outcome.moves : noMoves,
      walletAfter: 0n,
    }
    const wallet = holding.wallet - mined.gasUsed * mined.effectiveGasPrice
    mined.walletAfter = isDone ? wallet - value + outcome.paidOut : wallet
    // Literals, because copies of objects are what a simulation would spend most of its time on.
    state.replace(from, {
      wallet: mined.walletAfter,
      nonce: nonce + 1,
      ledger: isDone ? outcome.ledger : holding.ledger,
      updates: withUpdates(holding.updates, mined),
      mined: grown(holding.mined, mined),
    })
    state.record(mined)
    if (isDone && intent.kind === 'payout') state.credit(user, value)
    return undefined
  }

  return {
    simulate,
    /** Takes a transaction into the open block; tells what keeps it out. */
    run: (transaction: ModelTransaction, block: Block): Obstacle | undefined =>
      transaction.kind === 'broker' ? carryOut(transaction, block) : carryOutForeign(transaction, block),
  }
}
