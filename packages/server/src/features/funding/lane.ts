import { keccak256 } from 'viem'
import type { BrokerSigner, Intent } from '../../chain/broker-signer.ts'
import type { ChainReader } from '../../chain/reader.ts'
import type { Transactions } from '../../chain/transactions.ts'
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
import { createJournalStore, isOpen, type JournalEntry, type JournalStore } from './store.ts'

const turnAttempts = 5

/** So many accounts are served at once when open transactions are taken up again. */
const accountsAtOnce = 8

/** Written in the same database transaction as the journal entry, before anything is sent. */
type Claim = (trx: Db, entry: JournalEntry) => Promise<unknown>

type Submit = (intent: Intent, claim?: Claim) => Promise<JournalEntry>

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
  clock: Clock
  log: Log
  checkpoint?: Checkpoint
  journalOf?: (db: Db) => JournalStore
}) {
  const { db, signer, transactions, reader, broker, clock, log } = deps
  const { checkpoint = passCheckpoint, journalOf = createJournalStore } = deps
  const journal = journalOf(db)
  const turns = createKeyedMutex()
  const ending = createEnding({ db, journalOf, transactions, reader, broker, clock, log, checkpoint })
  const delivery = createDelivery({ db, journalOf, signer, transactions, ending, clock, log, checkpoint })

  /**
   * Journals the signed transaction: claim, nonce, bytes and hash in one database transaction. Throws `TurnLostError` when
   * another process has written to the journal since `nextNonce` was read: what was decided then may not hold any more.
   */
  async function prepare(turn: { user: Hex; nextNonce: number; intent: Intent; claim: Claim }): Promise<JournalEntry> {
    const { user, nextNonce, intent, claim } = turn
    const brokerAddress = signer.brokerAddress(user)
    const quote = await transactions.quote(brokerAddress, signer.callOf(intent)).catch(async (error: unknown) => {
      // What another process has just moved may be why the contract refuses.
      throw (await journal.nextNonce(brokerAddress)) === nextNonce ? error : new TurnLostError()
    })
    await checkpoint('transaction-quoted')
    return db.transaction().execute(async (trx) => {
      const store = journalOf(trx)
      await store.lock(brokerAddress)
      if ((await store.nextNonce(brokerAddress)) !== nextNonce) throw new TurnLostError()
      // The chain knows more than the journal after a database was lost.
      const nonce = Math.max(nextNonce, quote.nonce)
      const { raw } = await signer.signTransaction({ user, intent, nonce, gas: quote.gas, fees: quote.fees })
      const provider = intent.kind === 'transfer' ? intent.provider : null
      const entry = await store.append({
        user,
        brokerAddress,
        nonce,
        kind: intent.kind,
        provider,
        amount: intent.amount,
        raw,
        hash: keccak256(raw),
        now: new Date(clock.now()),
      })
      await claim(trx, entry)
      return entry
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

  async function sendNew(turn: Parameters<typeof prepare>[0]): Promise<JournalEntry> {
    const entry = await prepare(turn)
    await checkpoint('transaction-journaled')
    return delivery.carryOut(entry)
  }

  async function takeTurn<T>(user: Hex, work: (submit: Submit) => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < turnAttempts; attempt += 1) {
      await clear(user)
      const nextNonce = await journal.nextNonce(signer.brokerAddress(user))
      try {
        return await work(async (intent, claim = async () => {}) => sendNew({ user, nextNonce, intent, claim }))
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
     * failed, or still open when the chain takes longer. Throws `chain-unavailable` while an earlier one stays open.
     */
    takeTurn: <T>(user: Hex, work: (submit: Submit) => Promise<T>): Promise<T> =>
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

    stop: delivery.stop,
  }
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
