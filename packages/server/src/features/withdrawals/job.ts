import { parseOg } from '@dreamscape/protocol/money'
import type { BrokerSigner } from '../../chain/broker-signer.ts'
import type { ChainReader, ChainTerms } from '../../chain/reader.ts'
import { lagging, type Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import type { Checkpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError, assertNever } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { depositReserve, exitReserve } from '../funding/gas-reserve.ts'
import type { Conclude, Lane, Submit } from '../funding/lane.ts'
import { createDrafting, type SendingStep, WithdrawalMovedError } from './draft.ts'
import { type Facts, nextStep } from './next-step.ts'
import { isOpen, type Withdrawal, type WithdrawalStore } from './store.ts'

/** How long one call goes on to further steps; the background takes it up from there. */
const patienceMs = 25_000

/** More than any withdrawal takes that does not wait. */
const stepsAtOnce = 60

/** One of its transactions, as it stands in the journal. */
type Entry = Awaited<ReturnType<Submit>>

/** One step of one withdrawal, in the account's turn. */
type Turn = {
  withdrawal: Withdrawal
  /** What it has sent so far, all of it ended. */
  entries: readonly Entry[]
  submit: Submit
  conclude: Conclude
  unrestorable: Set<string>
}

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
  const draftOf = createDrafting({ lane, signer, transactions, withdrawalsOf })

  async function readFacts({ withdrawal, entries, unrestorable }: Turn): Promise<Facts> {
    const brokerAddress = signer.brokerAddress(withdrawal.user_address)
    const [chain, wallet, lockTimeMs, gasPrice] = await Promise.all([
      reader.readAccount(brokerAddress),
      transactions.readWallet(brokerAddress),
      reader.readLockTimeMs(),
      transactions.readGasPrice(),
    ])
    if (chain.blockNumber < newestBlock(entries)) throw lagging()
    const isIn = (kind: Entry['kind'], state: Entry['state']) =>
      entries.some((entry) => entry.kind === kind && entry.state === state)
    const reserveOf = (reserve: typeof exitReserve) => reserve(gasPrice, chain.subAccounts.length)
    return {
      isCancelling: withdrawal.state === 'cancelling',
      amount: withdrawal.amount ?? undefined,
      rest: withdrawal.rest,
      hasRefunded: isIn('refund', 'confirmed'),
      payout: isIn('payout', 'confirmed') ? 'confirmed' : isIn('payout', 'failed') ? 'failed' : undefined,
      hasDepositedRest: isIn('deposit', 'confirmed'),
      failures: entries.filter(({ state }) => state === 'failed').length,
      chain: { ...chain, wallet },
      lockTimeMs,
      minimumDeposit: terms.minimumDeposit,
      gasReserve: { toGoOn: reserveOf(depositReserve), toLeave: reserveOf(exitReserve) },
      unrestorable,
    }
  }

  /** Throws `WithdrawalMovedError` when it has been turned back, or ended, since it was read. */
  async function end({ withdrawal, conclude }: Turn, state: 'done' | 'failed' | 'cancelled'): Promise<false> {
    const { id, user_address: address } = withdrawal
    await conclude(async (trx) => {
      const own = withdrawalsOf(trx)
      if (!(await own.lock(id, withdrawal.state))) throw new WithdrawalMovedError()
      await own.end(id, state)
    })
    await checkpoint('withdrawal-ended')
    log[state === 'failed' ? 'warn' : 'info']({ address, state }, 'withdrawal ended')
    return false
  }

  /** Sends the transaction of a step. Returns whether to go on at once. */
  async function send(turn: Turn, step: SendingStep): Promise<boolean> {
    const { withdrawal, entries, submit } = turn
    try {
      await store.wait(withdrawal.id, { for: 'transaction' })
      const draft = await draftOf(step, withdrawal, newestBlock(entries))
      if (!draft) return await end(turn, 'failed')
      const entry = await submit(draft)
      await checkpoint('withdrawal-stepped')
      return hasEnded(entry)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (error.code === 'insufficient-funds') return lackGas(turn, step, error)
      if (error.code === 'invalid-request') return refuse(turn, step)
      throw error
    }
  }

  /** There is no gas money. Putting the rest back is not worth waiting for: it is the user's in the wallet, too. */
  async function lackGas(turn: Turn, step: SendingStep, { meta }: AppError): Promise<boolean> {
    if (step.do === 'deposit') return end(turn, 'done')
    await store.wait(turn.withdrawal.id, { for: 'gas', shortfall: parseOg(String(meta.shortfall)) })
    return false
  }

  /** The contract, or the account that is to be paid, does not take the transaction. Returns whether to go on at once. */
  async function refuse(turn: Turn, step: SendingStep): Promise<boolean> {
    log.warn({ address: turn.withdrawal.user_address, kind: step.do }, 'withdrawal step refused')
    switch (step.do) {
      case 'pay':
        return end(turn, 'failed')
      case 'deposit':
        return end(turn, 'done')
      case 'restore':
        turn.unrestorable.add(step.provider)
        return true
      case 'retrieve':
      case 'refund':
        // What the chain is read to allow and then refuses has just changed: the next round sees it.
        return false
      default:
        return assertNever(step)
    }
  }

  async function takeStep(turn: Turn): Promise<boolean> {
    const { withdrawal } = turn
    const step = nextStep(await readFacts(turn))
    switch (step.do) {
      case 'wait':
        await store.wait(withdrawal.id, { for: 'lock-time', until: new Date(step.untilMs) })
        return false
      case 'end':
        return end(turn, step.state)
      default:
        return send(turn, step)
    }
  }

  return {
    /** Goes on until the withdrawal has ended or waits for something. Throws `chain-unavailable`. */
    async advance({ id, user_address: user }: Withdrawal): Promise<void> {
      const unrestorable = new Set<string>()
      const startedMs = clock.now()
      for (let steps = 0; steps < stepsAtOnce && clock.now() - startedMs < patienceMs; steps += 1) {
        const goesOn = await lane
          .takeTurn(user, async (submit, conclude) => {
            const withdrawal = await store.find(id)
            if (!withdrawal || !isOpen(withdrawal)) return false
            const entries = await lane.listOfWithdrawal(id)
            return takeStep({ withdrawal, entries, submit, conclude, unrestorable })
          })
          .catch((error: unknown) => {
            if (error instanceof WithdrawalMovedError) return true
            throw error
          })
        if (!goesOn) return
      }
    },
  }
}

function newestBlock(entries: readonly Entry[]): number {
  return Math.max(0, ...entries.map((entry) => entry.block_number ?? 0))
}

function hasEnded({ state }: Entry): boolean {
  return state === 'confirmed' || state === 'failed'
}
