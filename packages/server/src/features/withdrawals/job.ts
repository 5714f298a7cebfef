import { parseOg } from '@dreamscape/protocol/money'
import type { BrokerSigner } from '../../chain/broker-signer.ts'
import type { ChainReader, ChainTerms } from '../../chain/reader.ts'
import type { Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import type { Checkpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError, assertNever } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { least } from '../../platform/neuron.ts'
import { exitReserve } from '../funding/gas-reserve.ts'
import type { Conclude, Draft, Lane, Submit } from '../funding/lane.ts'
import { type Facts, nextStep, type Step } from './next-step.ts'
import { isOpen, type Withdrawal, type WithdrawalStore } from './store.ts'

/** How long one call goes on to further steps; the background takes it up from there. */
const patienceMs = 25_000

/** More than any withdrawal takes that does not wait. */
const stepsAtOnce = 60

/** After so many reverted steps nobody tries again: the money stays where it is, and a new withdrawal may be signed. */
const failuresToEnd = 5

/** Another process has ended the withdrawal, or turned it back. */
class WithdrawalMovedError extends Error {
  override readonly name = 'WithdrawalMovedError'
}

/** One of its transactions, as it stands in the journal. */
type Entry = Awaited<ReturnType<Submit>>

/** How a turn comes to its end. */
type Turn = { submit: Submit; conclude: Conclude }

type SendingStep = Exclude<Step, { do: 'wait' | 'end' }>

export type WithdrawalJob = ReturnType<typeof createWithdrawalJob>

/**
 * Carries withdrawals on, step by step. Each step is decided anew from journal and chain in the account's lane, and is one
 * journaled transaction, so any process can die at any place and any other can go on.
 */
export function createWithdrawalJob(deps: {
  db: Db
  lane: Lane
  signer: Pick<BrokerSigner, 'brokerAddress'>
  reader: ChainReader
  transactions: Transactions
  terms: ChainTerms
  clock: Clock
  log: Log
  checkpoint: Checkpoint
  withdrawalsOf: (db: Db) => WithdrawalStore
}) {
  const { db, lane, signer, reader, transactions, terms, clock, log, checkpoint, withdrawalsOf } = deps
  const store = withdrawalsOf(db)

  async function readFacts(withdrawal: Withdrawal, entries: readonly Entry[]) {
    const brokerAddress = signer.brokerAddress(withdrawal.user_address)
    const [chain, lockTimeMs, gasPrice] = await Promise.all([
      reader.readAccount(brokerAddress),
      reader.readLockTimeMs(),
      transactions.readGasPrice(),
    ])
    const isIn = (kind: Entry['kind'], state: Entry['state']) =>
      entries.some((entry) => entry.kind === kind && entry.state === state)
    return {
      isCancelling: withdrawal.state === 'cancelling',
      amount: withdrawal.amount ?? undefined,
      rest: withdrawal.rest,
      hasRefunded: isIn('refund', 'confirmed'),
      payout: isIn('payout', 'confirmed') ? 'confirmed' : isIn('payout', 'failed') ? 'failed' : undefined,
      hasDepositedRest: isIn('deposit', 'confirmed'),
      chain,
      lockTimeMs,
      minimumDeposit: terms.minimumDeposit,
      gasReserve: exitReserve(gasPrice),
    } satisfies Omit<Facts, 'unrestorable'>
  }

  /** Throws `WithdrawalMovedError` when it has been turned back, or ended, since it was read. */
  async function end(withdrawal: Withdrawal, state: 'done' | 'failed' | 'cancelled', conclude: Conclude) {
    const { id, user_address: address } = withdrawal
    await conclude(async (trx) => {
      const own = withdrawalsOf(trx)
      if (!(await own.lock(id, withdrawal.state))) throw new WithdrawalMovedError()
      await own.end(id, state)
    })
    await checkpoint('withdrawal-ended')
    log[state === 'failed' ? 'warn' : 'info']({ address, state }, 'withdrawal ended')
  }

  /** The transaction of a step; undefined when what there is does not pay for its own way out. */
  async function draftOf(step: SendingStep, withdrawal: Withdrawal): Promise<Draft | undefined> {
    const { id: withdrawalId, user_address: user, state } = withdrawal
    const claim = async (trx: Db) => {
      const own = withdrawalsOf(trx)
      if (!(await own.lock(withdrawalId, state))) throw new WithdrawalMovedError()
      if (step.do === 'refund') await own.setRest(withdrawalId, step.rest)
    }
    const own = { withdrawalId, claim }
    switch (step.do) {
      case 'retrieve': {
        const { providers } = step
        return {
          ...own,
          intent: { kind: 'retrieve', providers: providers.sort() },
          sightings: await lane.sight(user, providers),
        }
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
        const { amount: all, ...terms } = await transactions.quoteSweep(signer.brokerAddress(user), user)
        const amount = least(step.amount ?? all, all)
        return amount > 0n ? { ...own, intent: { kind: 'payout', amount }, terms } : undefined
      }
      default:
        return assertNever(step)
    }
  }

  /** Sends the transaction of a step. Returns whether to go on at once. */
  async function send(options: {
    step: SendingStep
    withdrawal: Withdrawal
    turn: Turn
    unrestorable: Set<string>
  }): Promise<boolean> {
    const { step, withdrawal, turn, unrestorable } = options
    try {
      await store.wait(withdrawal.id, { for: 'transaction' })
      const draft = await draftOf(step, withdrawal)
      if (draft) {
        const entry = await turn.submit(draft)
        await checkpoint('withdrawal-stepped')
        return hasEnded(entry)
      }
      await end(withdrawal, 'failed', turn.conclude)
      return false
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (error.code === 'insufficient-funds') return lackGas({ step, withdrawal, turn, error })
      if (error.code === 'invalid-request') return refuse({ step, withdrawal, turn, unrestorable })
      throw error
    }
  }

  /** There is no gas money. Putting the rest back is not worth waiting for: it is the user's in the wallet, too. */
  async function lackGas(options: { step: SendingStep; withdrawal: Withdrawal; turn: Turn; error: AppError }) {
    const { step, withdrawal, turn, error } = options
    if (step.do === 'deposit') await end(withdrawal, 'done', turn.conclude)
    else await store.wait(withdrawal.id, { for: 'gas', shortfall: parseOg(String(error.meta.shortfall)) })
    return false
  }

  /** The contract, or the account that is to be paid, does not take the transaction. Returns whether to go on at once. */
  async function refuse(options: {
    step: SendingStep
    withdrawal: Withdrawal
    turn: Turn
    unrestorable: Set<string>
  }): Promise<boolean> {
    const { step, withdrawal, turn, unrestorable } = options
    log.warn({ address: withdrawal.user_address, kind: step.do }, 'withdrawal step refused')
    switch (step.do) {
      case 'pay':
        await end(withdrawal, 'failed', turn.conclude)
        return false
      case 'deposit':
        await end(withdrawal, 'done', turn.conclude)
        return false
      case 'restore':
        unrestorable.add(step.provider)
        return true
      case 'retrieve':
      case 'refund':
        // What the chain is read to allow and then refuses has just changed: the next round sees it.
        return false
      default:
        return assertNever(step)
    }
  }

  async function takeStep(id: number, turn: Turn, unrestorable: Set<string>): Promise<boolean> {
    const withdrawal = await store.find(id)
    if (!withdrawal || !isOpen(withdrawal)) return false
    const entries = await lane.listOfWithdrawal(id)
    const step = nextStep({ ...(await readFacts(withdrawal, entries)), unrestorable })
    if (step.do === 'wait') {
      await store.wait(id, { for: 'lock-time', until: new Date(step.untilMs) })
      return false
    }
    const hasFailed = entries.filter(({ state }) => state === 'failed').length >= failuresToEnd
    if (step.do === 'end' || hasFailed) {
      await end(withdrawal, step.do === 'end' ? step.state : 'failed', turn.conclude)
      return false
    }
    return send({ step, withdrawal, turn, unrestorable })
  }

  return {
    /** Goes on until the withdrawal has ended or waits for something. Throws `chain-unavailable`. */
    async advance({ id, user_address: user }: Withdrawal): Promise<void> {
      const unrestorable = new Set<string>()
      const startedMs = clock.now()
      for (let steps = 0; steps < stepsAtOnce && clock.now() - startedMs < patienceMs; steps += 1) {
        const goesOn = await lane
          .takeTurn(user, (submit, conclude) => takeStep(id, { submit, conclude }, unrestorable))
          .catch((error: unknown) => {
            if (error instanceof WithdrawalMovedError) return true
            throw error
          })
        if (!goesOn) return
      }
    },
  }
}

function hasEnded({ state }: Entry): boolean {
  return state === 'confirmed' || state === 'failed'
}
