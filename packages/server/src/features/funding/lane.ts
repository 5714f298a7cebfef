import { type BrokerSigner, ceilingOf, type Fees, type Intent } from '../../chain/broker-signer.ts'
import type { ChainReader } from '../../chain/reader.ts'
import { lagging, type Quote, type Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import { type Checkpoint, passCheckpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Hex } from '../../platform/hex.ts'
import { inParallel } from '../../platform/in-parallel.ts'
import type { Log } from '../../platform/log.ts'
import { createKeyedMutex } from '../../platform/mutex.ts'
import type { BrokerService } from '../broker/service.ts'
import { createDelivery } from './delivery.ts'
import { createEnding } from './ending.ts'
import { insufficientFunds } from './insufficient-funds.ts'
import { createJournalStore, isOpen, type JournalEntry, type JournalStore, type Sighting } from './store.ts'

const turnAttempts = 5

/** So many accounts are served at once when open transactions are taken up again. */
const accountsAtOnce = 8

/** A transaction to be. */
export type Draft = {
  intent: Intent
  /** Written in the same database transaction as the journal entry, before anything is sent. */
  claim?: (trx: Db, entry: JournalEntry) => Promise<unknown>
  /** The withdrawal it is a step of. While one is open, nothing else is sent. */
  withdrawalId?: number
  /** What it touches held before, for what only events can tell afterwards. */
  sightings?: readonly Sighting[]
  /** What to sign with in place of what is quoted. */
  terms?: { gas: bigint; fees: Fees }
}

export type Submit = (draft: Draft) => Promise<JournalEntry>

/**
 * Writes down what a turn has come to without a transaction, in a database transaction that holds only if no other process
 * has journaled one since the turn began.
 */
export type Conclude = <T>(work: (trx: Db) => Promise<T>) => Promise<T>

/** Up to where the journal had been read when the turn began. */
type Turn = { user: Hex; nextNonce: number }

/** Another process sent a transaction of this account first. */
class TurnLostError extends Error {
  override readonly name = 'TurnLostError'
}

export type Lane = ReturnType<typeof createLane>

/**
 * The only way a broker account sends transactions: one after the other, each journaled with its nonce and signed bytes
 * before it is broadcast. Whatever dies, the same bytes are sent again, and the chain takes them once.
 */
export function createLane(deps: {
  db: Db
  signer: BrokerSigner
  transactions: Transactions
  reader: ChainReader
  broker: BrokerService
  chainId: number
  clock: Clock
  log: Log
  checkpoint?: Checkpoint
  journalOf?: (db: Db) => JournalStore
}) {
  const { db, signer, transactions, reader, broker, chainId, clock, log } = deps
  const { checkpoint = passCheckpoint, journalOf = createJournalStore } = deps
  const journal = journalOf(db)
  const turns = createKeyedMutex()
  const ending = createEnding({ db, journalOf, transactions, reader, broker, clock, log, checkpoint })
  const delivery = createDelivery({ db, journalOf, signer, transactions, ending, clock, log, checkpoint })

  /**
   * Runs `work` in a database transaction in which the journal is, and stays, as it was when the turn began. Throws
   * `TurnLostError` when another process has written to it since: what was decided then may not hold any more.
   */
  const ifUnchanged = <T>({ user, nextNonce }: Turn, work: (trx: Db) => Promise<T>): Promise<T> =>
    db.transaction().execute(async (trx) => {
      const brokerAddress = signer.brokerAddress(user)
      await journalOf(trx).lock(brokerAddress)
      if ((await journalOf(trx).nextNonce(brokerAddress)) !== nextNonce) throw new TurnLostError()
      return work(trx)
    })

  /** Journals the signed transaction: claim, nonce, bytes and hash in one database transaction. Throws `TurnLostError`. */
  async function prepare(turn: Turn, draft: Draft): Promise<JournalEntry> {
    const { user, nextNonce } = turn
    const { intent, claim, withdrawalId = null, sightings = [] } = draft
    const brokerAddress = signer.brokerAddress(user)
    const call = signer.callOf(user, intent)
    const quote = await transactions.quote(brokerAddress, call).catch(async (error: unknown) => {
      // What another process has just moved may be why the contract refuses.
      throw (await journal.nextNonce(brokerAddress)) === nextNonce ? error : new TurnLostError()
    })
    // All that is in the journal has ended: a node that does not count it knows less than what was decided on.
    if (quote.nonce < nextNonce) throw lagging()
    const { gas, fees } = draft.terms ?? quote
    checkWallet(brokerAddress, quote, call.value + gas * ceilingOf(fees))
    await checkpoint('transaction-quoted')
    return ifUnchanged(turn, async (trx) => {
      const store = journalOf(trx)
      if (withdrawalId === null && (await store.hasOpenWithdrawal(user))) throw withdrawalInProgress()
      // The chain knows more than the journal after a database was lost.
      const nonce = Math.max(nextNonce, quote.nonce)
      const signed = await signer.signTransaction({ user, intent, nonce, gas, fees })
      const entry = await store.append({
        user,
        brokerAddress,
        nonce,
        kind: intent.kind,
        provider: 'provider' in intent ? intent.provider : null,
        amount: 'amount' in intent ? intent.amount : 0n,
        ...signed,
        withdrawalId,
        sightings,
        now: new Date(clock.now()),
      })
      await claim?.(trx, entry)
      return entry
    })
  }

  /** What cannot be paid is not journaled: it would keep the lane until somebody sends gas money. */
  function checkWallet(brokerAddress: Hex, { wallet }: Quote, needed: bigint): void {
    if (wallet >= needed) return
    throw insufficientFunds({
      message: 'The broker address lacks the gas for this transaction: send the shortfall there and ask again',
      available: wallet,
      shortfall: needed - wallet,
      gas: 0n,
      brokerAddress,
      chainId,
    })
  }

  /** Brings what is still open for `user` to an end; throws when it stays open. */
  async function clear(user: Hex): Promise<void> {
    const open = await journal.findOpen(user)
    if (open && isOpen(await delivery.carryOut(open))) throw stillOpen()
  }

  async function pass(user: Hex): Promise<void> {
    const open = await journal.findOpen(user)
    if (open) await delivery.attempt(open)
  }

  async function sendNew(turn: Turn, draft: Draft): Promise<JournalEntry> {
    const entry = await prepare(turn, draft)
    await checkpoint('transaction-journaled')
    return delivery.carryOut(entry)
  }

  async function takeTurn<T>(user: Hex, work: (submit: Submit, conclude: Conclude) => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < turnAttempts; attempt += 1) {
      // NOTE before what is open is looked for: what another process journals in between is then noticed, not overlooked.
      const turn = { user, nextNonce: await journal.nextNonce(signer.brokerAddress(user)) }
      await clear(user)
      try {
        return await work(
          (draft) => sendNew(turn, draft),
          (write) => ifUnchanged(turn, write),
        )
      } catch (error) {
        if (!(error instanceof TurnLostError)) throw error
      }
    }
    throw stillOpen()
  }

  return {
    /**
     * Runs `work` while no other transaction of `user` is under way, and again when another process came first, so it must
     * have no effects of its own before `submit`. `submit` journals one transaction, sends it, and returns it confirmed,
     * failed, or still open when the chain takes longer; `conclude` is for a turn that sends nothing. Throws
     * `chain-unavailable` while an earlier one stays open.
     */
    takeTurn: <T>(user: Hex, work: (submit: Submit, conclude: Conclude) => Promise<T>): Promise<T> =>
      turns(user, () => takeTurn(user, work)),

    /** Sends an open transaction again and waits for it; returns it as it then stands. Ended ones are returned as they are. */
    follow: (entry: JournalEntry): Promise<JournalEntry> =>
      turns(entry.user_address, async () => {
        const now = await journal.find(entry.id)
        return now && isOpen(now) ? delivery.carryOut(now) : (now ?? entry)
      }),

    /**
     * Takes up every open transaction of the journal, after a crash and for those the chain was slow with: sends it once
     * and looks once, so that nobody who wants the account's turn waits long. Call it again for what stays open.
     */
    async resume(): Promise<void> {
      const open = await journal.listOpen()
      delivery.forgetExcept(open)
      const users = [...new Set(open.map((entry) => entry.user_address))]
      await inParallel(users, accountsAtOnce, (user) =>
        turns(user, () => pass(user)).catch((error: unknown) =>
          log.warn({ address: user, error }, 'transaction not taken up'),
        ),
      )
    },

    /** Whether a transaction of `user` is under way. */
    isBusy: async (user: Hex): Promise<boolean> => (await journal.findOpen(user)) !== undefined,

    /** What a withdrawal has sent so far, oldest first. */
    listOfWithdrawal: (withdrawalId: number): Promise<JournalEntry[]> => journal.listOfWithdrawal(withdrawalId),

    /** What sub-accounts hold as of a final block: for drafts of which only events tell what they moved. */
    async sight(user: Hex, providers: readonly Hex[]): Promise<Sighting[]> {
      const { blockNumber, balances } = await reader.readSightings(signer.brokerAddress(user))
      return [...providers].sort().map((provider) => {
        const balance = balances.find((item) => item.provider === provider)?.balance ?? 0n
        return { provider, balance, blockNumber }
      })
    },

    hasOpenWithdrawal: (user: Hex): Promise<boolean> => journal.hasOpenWithdrawal(user),

    /** Throws `withdrawal-in-progress` while money of `user` is on its way out: what went in now could keep it here. */
    async checkNoWithdrawal(user: Hex): Promise<void> {
      if (await journal.hasOpenWithdrawal(user)) throw withdrawalInProgress()
    },

    /**
     * Runs `work` in a database transaction while no process can journal a transaction of `user`, so that what it decides
     * holds for every one that comes after.
     */
    whileNothingIsJournaled: <T>(user: Hex, work: (trx: Db) => Promise<T>): Promise<T> =>
      db.transaction().execute(async (trx) => {
        await journalOf(trx).lock(signer.brokerAddress(user))
        return work(trx)
      }),

    stop: delivery.stop,
  }
}

/** What to do about money that may not go in while a withdrawal is open. */
export function withdrawalInProgress(): AppError {
  return new AppError(
    'withdrawal-in-progress',
    'A withdrawal of this account is under way, so nothing was moved and nothing charged: wait for its end, which the balance tells, or cancel it',
  )
}

function stillOpen(): AppError {
  return new AppError(
    'chain-unavailable',
    'An earlier transaction of this account is not confirmed yet: try again shortly',
    {
      retryAfterSeconds: 5,
    },
  )
}
