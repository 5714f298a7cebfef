import type { BrokerSigner } from '../../chain/broker-signer.ts'
import type { Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import { assertNever } from '../../platform/errors.ts'
import { least } from '../../platform/neuron.ts'
import type { Draft, Lane } from '../funding/lane.ts'
import type { Step } from './next-step.ts'
import type { Withdrawal, WithdrawalStore } from './store.ts'

/** A step that is a transaction. */
export type SendingStep = Exclude<Step, { do: 'wait' | 'end' }>

/** Another process has ended the withdrawal, or turned it back. */
export class WithdrawalMovedError extends Error {
  override readonly name = 'WithdrawalMovedError'
}

/** Makes the transaction of a step; undefined when what there is does not pay for its own way out. */
export function createDrafting(deps: {
  lane: Lane
  signer: Pick<BrokerSigner, 'brokerAddress'>
  transactions: Transactions
  withdrawalsOf: (db: Db) => WithdrawalStore
}) {
  const { lane, signer, transactions, withdrawalsOf } = deps

  /** `sinceBlock` is that of its newest step so far. */
  return async (step: SendingStep, withdrawal: Withdrawal, sinceBlock: number): Promise<Draft | undefined> => {
    const { id: withdrawalId, user_address: user, state } = withdrawal
    const claim = async (trx: Db) => {
      const own = withdrawalsOf(trx)
      if (!(await own.lock(withdrawalId, state))) throw new WithdrawalMovedError()
      if (step.do === 'refund') await own.setRest(withdrawalId, step.rest)
    }
    const own = { withdrawalId, claim }
    switch (step.do) {
      case 'retrieve': {
        const providers = step.providers.toSorted()
        return { ...own, intent: { kind: 'retrieve', providers }, sightings: await lane.sight(user, providers) }
      }
      case 'restore': {
        const { provider, amount } = step
        return { ...own, intent: { kind: 'restore', provider, amount }, sightings: await lane.sight(user, [provider]) }
      }
      case 'refund':
        return { ...own, intent: { kind: 'refund', amount: step.amount } }
      case 'deposit':
        return { ...own, intent: { kind: 'deposit', amount: step.amount } }
      case 'pay': {
        const from = signer.brokerAddress(user)
        const { amount: all, ...terms } = await transactions.quoteSweep(from, user, sinceBlock)
        const amount = least(step.amount ?? all, all)
        return amount > 0n ? { ...own, intent: { kind: 'payout', amount }, terms } : undefined
      }
      default:
        return assertNever(step)
    }
  }
}
