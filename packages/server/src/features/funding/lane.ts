import { sql } from 'kysely'
import { keccak256 } from 'viem'
import type { BrokerSigner, Intent } from '../../chain/broker-signer.ts'
import type { ChainReader } from '../../chain/reader.ts'
import type { Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Hex } from '../../platform/hex.ts'
import type { Log } from '../../platform/log.ts'
import { createKeyedMutex } from '../../platform/mutex.ts'
import type { BrokerService } from '../broker/service.ts'
import { createJournalStore, type JournalEntry } from './store.ts'

/** How long a caller waits for its transaction before it is told that it is pending. */
const patienceMs = 25_000
const pollIntervalMs = { first: 20, longest: 1_000 }

const turnAttempts = 5

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
}) {
  const { db, signer, transactions, reader, broker, clock, log } = deps
  const journal = createJournalStore(db)
  const turns = createKeyedMutex()
  const stopping = new AbortController()

  /**
   * Journals the signed transaction: claim, nonce, bytes and hash in one database transaction. Throws `TurnLostError` when
   * another process has written to the journal since `nextNonce` was read: what was decided then may not hold any more.
   */
  async function prepare(turn: { user: Hex; nextNonce: number; intent: Intent; claim: Claim }): Promise<JournalEntry> {
    const { user, nextNonce, intent, claim } = turn
    const brokerAddress = signer.brokerAddress(user)
    const quote = await transactions.quote(brokerAddress, signer.callOf(intent))
    return db.transaction().execute(async (trx) => {
      // One writer per broker key across all instances; released with the transaction.
      await sql`select pg_advisory_xact_lock(hashtextextended(${brokerAddress}, 0))`.execute(trx)
      const store = createJournalStore(trx)
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

  /** Sends the journaled bytes (again) and waits for their receipt. Returns the entry as it then stands, open if it takes too long. */
  async function carryOut(entry: JournalEntry): Promise<JournalEntry> {
    if ((await transactions.broadcast(entry.raw)) === 'accepted') await journal.markBroadcast(entry.id)
    let pauseMs = pollIntervalMs.first
    for (let waitedMs = 0; waitedMs < patienceMs && !stopping.signal.aborted; waitedMs += pauseMs) {
      const receipt = await transactions.findReceipt(entry.hash).catch(() => undefined)
      const ended = receipt && (await end(entry, receipt))
      if (ended) return ended
      await clock.wait(pauseMs, stopping.signal)
      pauseMs = Math.min(pauseMs * 2, pollIntervalMs.longest)
    }
    return entry
  }

  async function end(entry: JournalEntry, receipt: NonNullable<Awaited<ReturnType<Transactions['findReceipt']>>>) {
    const chain = await reader.readAccount(entry.broker_address).catch(() => undefined)
    if (!chain || chain.blockNumber < receipt.blockNumber) return undefined
    const ended = await db.transaction().execute(async (trx) => {
      const closed = await createJournalStore(trx).end(entry.id, receipt)
      if (!closed) return undefined
      if (closed.state === 'confirmed' && closed.provider) {
        await broker.creditTransfer(trx, {
          user: closed.user_address,
          provider: closed.provider,
          amount: closed.amount,
        })
      }
      await broker.rememberChain(trx, closed.user_address, chain)
      return closed
    })
    if (ended) {
      log.info(
        {
          address: ended.user_address,
          kind: ended.kind,
          state: ended.state,
          txHash: ended.hash,
          amountNeuron: ended.amount,
        },
        'transaction ended',
      )
    }
    return ended ?? journal.find(entry.id)
  }

  /** Brings what is still open for `user` to an end; throws when it stays open. */
  async function clear(user: Hex): Promise<void> {
    const open = await journal.findOpen(user)
    if (open && isOpen(await carryOut(open))) throw stillOpen()
  }

  async function takeTurn<T>(user: Hex, work: (submit: Submit) => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < turnAttempts; attempt += 1) {
      await clear(user)
      const nextNonce = await journal.nextNonce(signer.brokerAddress(user))
      try {
        return await work(async (intent, claim = async () => {}) =>
          carryOut(await prepare({ user, nextNonce, intent, claim })),
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
     * failed, or still open when the chain takes longer. Throws `chain-unavailable` while an earlier one stays open.
     */
    takeTurn: <T>(user: Hex, work: (submit: Submit) => Promise<T>): Promise<T> =>
      turns(user, () => takeTurn(user, work)),

    /** Brings every open transaction of the journal to its end: after a crash, and for those the chain was slow with. */
    async resume(): Promise<void> {
      const open = await journal.listOpen()
      for (const { user_address: user } of open) {
        await turns(user, () => clear(user)).catch((error) =>
          log.warn({ address: user, error }, 'transaction still open'),
        )
      }
    },

    stop: () => stopping.abort(),
  }
}

function isOpen({ state }: JournalEntry): boolean {
  return state === 'prepared' || state === 'broadcast'
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
