import { keccak256 } from 'viem'
import { type BrokerSigner, ceilingOf, type Intent, termsOf } from '../../chain/broker-signer.ts'
import type { ChainReader } from '../../chain/reader.ts'
import type { Receipt, Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import { type Checkpoint, passCheckpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Hex } from '../../platform/hex.ts'
import type { Log } from '../../platform/log.ts'
import { createKeyedMutex } from '../../platform/mutex.ts'
import type { BrokerService } from '../broker/service.ts'
import { createJournalStore, type JournalEntry, type JournalStore } from './store.ts'

/** How long a caller waits for its transaction before it is told that it is pending. */
const patienceMs = 25_000
const pollIntervalMs = { first: 20, longest: 1_000 }

/** How often a transaction that nobody has mined is sent again. */
const resendIntervalMs = 5_000

/** After this long without a block taking it, a transaction is offered for more, up to this many times its first price. */
const stuckAfterMs = 30_000
const feeCap = 10n

/** How long a nonce must be gone without a receipt of ours before the entry counts as failed. */
const lostAfterMs = 120_000

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
  checkpoint?: Checkpoint
  journalOf?: (db: Db) => JournalStore
}) {
  const { db, signer, transactions, reader, broker, clock, log } = deps
  const { checkpoint = passCheckpoint, journalOf = createJournalStore } = deps
  const journal = journalOf(db)
  const turns = createKeyedMutex()
  const stopping = new AbortController()
  const lostSince = new Map<number, number>()

  /**
   * Journals the signed transaction: claim, nonce, bytes and hash in one database transaction. Throws `TurnLostError` when
   * another process has written to the journal since `nextNonce` was read: what was decided then may not hold any more.
   */
  async function prepare(turn: { user: Hex; nextNonce: number; intent: Intent; claim: Claim }): Promise<JournalEntry> {
    const { user, nextNonce, intent, claim } = turn
    const brokerAddress = signer.brokerAddress(user)
    const quote = await transactions.quote(brokerAddress, signer.callOf(intent))
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

  /** Sends the journaled bytes (again) and waits for a receipt. Returns the entry as it then stands, open if it takes too long. */
  async function carryOut(entry: JournalEntry): Promise<JournalEntry> {
    let current = entry
    let pauseMs = pollIntervalMs.first
    let sinceSentMs = Number.POSITIVE_INFINITY
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pauseMs) {
      // What a node has dropped it takes again.
      if (sinceSentMs >= resendIntervalMs) {
        current = await send(current)
        await checkpoint('transaction-sent')
        sinceSentMs = 0
      }
      const ended = await findEnd(current)
      if (ended) return ended
      // The next process goes on from the journal.
      if (stopping.signal.aborted) break
      await clock.wait(pauseMs, stopping.signal)
      sinceSentMs += pauseMs
      pauseMs = Math.min(pauseMs * 2, pollIntervalMs.longest)
    }
    return current
  }

  /** Broadcasts the newest attempt, or a dearer one when that is too cheap or has waited too long. */
  async function send(entry: JournalEntry): Promise<JournalEntry> {
    const outcome = await transactions.broadcast(entry.raw)
    if (outcome === 'accepted') await journal.markSent(entry.id, 'broadcast')
    if (outcome === 'unanswered') await journal.markSent(entry.id, 'unknown')
    if (outcome !== 'accepted') {
      log.warn({ address: entry.user_address, txHash: entry.hash, state: outcome }, 'transaction not accepted')
    }
    if (outcome !== 'underpriced' && !(outcome === 'accepted' && (await isStuck(entry)))) return entry
    const replaced = await replace(entry).catch((error: unknown) => {
      log.warn({ address: entry.user_address, txHash: entry.hash, error }, 'transaction not replaced')
    })
    if (!replaced) return entry
    log.info({ address: replaced.user_address, nonce: replaced.nonce, txHash: replaced.hash }, 'transaction replaced')
    await checkpoint('transaction-replaced')
    await transactions.broadcast(replaced.raw)
    return replaced
  }

  async function isStuck({ id }: JournalEntry): Promise<boolean> {
    const [newest] = await journal.listAttempts(id)
    return newest !== undefined && clock.now() - newest.created_at.getTime() >= stuckAfterMs
  }

  /** Signs the same transaction for higher fees and journals it; undefined at the cap, or when it has ended meanwhile. */
  async function replace(entry: JournalEntry): Promise<JournalEntry | undefined> {
    const [first] = (await journal.listAttempts(entry.id)).slice(-1)
    const { nonce, gas, fees } = termsOf(entry.raw)
    const raised = await transactions.raisedFees(fees)
    if (!first || ceilingOf(raised) > ceilingOf(termsOf(first.raw).fees) * feeCap) return undefined
    const { raw } = await signer.signTransaction({
      user: entry.user_address,
      intent: intentOf(entry),
      nonce,
      gas,
      fees: raised,
    })
    const attempt = { raw, hash: keccak256(raw), now: new Date(clock.now()) }
    return db.transaction().execute((trx) => journalOf(trx).replace(entry, attempt))
  }

  /** The entry once one of its attempts is deep enough in the chain, or once none of them ever can be. */
  async function findEnd(entry: JournalEntry): Promise<JournalEntry | undefined> {
    try {
      // NOTE the nonce is read first: a receipt that appears in between is then found below.
      const settledNonces = await transactions.countSettledNonces(entry.broker_address)
      for (const { hash } of await journal.listAttempts(entry.id)) {
        const receipt = await transactions.findReceipt(hash)
        if (receipt) return await end(entry, { ...receipt, hash })
      }
      if (settledNonces <= entry.nonce || !isLongLost(entry) || (await isKnown(entry))) return undefined
      const lost = await journal.endWithout(entry.id)
      log.error(
        { address: entry.user_address, nonce: entry.nonce, txHash: entry.hash },
        'another transaction took this nonce',
      )
      return lost ?? (await journal.find(entry.id))
    } catch (error) {
      if (error instanceof AppError && error.code === 'chain-unavailable') return undefined
      throw error
    }
  }

  /** Whether the chain knows any attempt after all, mined or not, though it tells no receipt. */
  async function isKnown({ id }: JournalEntry): Promise<boolean> {
    for (const { hash } of await journal.listAttempts(id)) if (await transactions.isKnown(hash)) return true
    return false
  }

  /** Nodes behind one address may lag: that the nonce is gone but none of our hashes was mined must stay true for a while. */
  function isLongLost({ id }: JournalEntry): boolean {
    const since = lostSince.get(id) ?? clock.now()
    lostSince.set(id, since)
    return clock.now() - since >= lostAfterMs
  }

  /** Books the effects of a mined entry, once, together with what the chain says since. */
  async function end(entry: JournalEntry, receipt: Receipt & { hash: Hex }): Promise<JournalEntry | undefined> {
    const chain = await reader.readAccount(entry.broker_address)
    if (chain.blockNumber < receipt.blockNumber) return undefined
    await checkpoint('receipt-found')
    const ended = await db.transaction().execute(async (trx) => {
      const closed = await journalOf(trx).end(entry.id, receipt)
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
    await checkpoint('transaction-booked')
    if (!ended) return journal.find(entry.id)
    const { user_address: address, kind, state, hash: txHash, amount: amountNeuron } = ended
    log.info({ address, kind, state, txHash, amountNeuron }, 'transaction ended')
    return ended
  }

  /** Brings what is still open for `user` to an end; throws when it stays open. */
  async function clear(user: Hex): Promise<void> {
    const open = await journal.findOpen(user)
    if (open && isOpen(await carryOut(open))) throw stillOpen()
  }

  async function sendNew(turn: Parameters<typeof prepare>[0]): Promise<JournalEntry> {
    const entry = await prepare(turn)
    await checkpoint('transaction-journaled')
    return carryOut(entry)
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
        return now && isOpen(now) ? carryOut(now) : (now ?? entry)
      }),

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
  return state === 'prepared' || state === 'broadcast' || state === 'unknown'
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

function intentOf({ kind, provider, amount }: JournalEntry): Intent {
  if (kind === 'deposit') return { kind, amount }
  if (!provider) throw new Error('A transfer without a provider stands in the journal')
  return { kind, provider, amount }
}
