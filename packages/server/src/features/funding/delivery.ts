import { type BrokerSigner, ceilingOf, type Intent } from '../../chain/broker-signer.ts'
import type { BroadcastOutcome, Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import type { Checkpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import { assertNever } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import type { Ending } from './ending.ts'
import type { JournalEntry, JournalStore } from './store.ts'

/** How long a caller waits for its transaction before it is told that it is pending. */
const patienceMs = 25_000
const pollIntervalMs = { first: 20, longest: 1_000 }

/** How often a transaction that nobody has mined is sent again. */
const resendIntervalMs = 5_000

/** After this long without a block taking it, a transaction is offered for more, up to this many times its first price. */
const stuckAfterMs = 30_000
const feeCap = 10n

/** A node that refuses a transaction this many times in a row will not take it without somebody's help. */
const refusalsToAlarm = 10

export type Delivery = ReturnType<typeof createDelivery>

/** Sends one entry of the journal until it has ended. Whoever calls has the turn of its account. */
export function createDelivery(deps: {
  db: Db
  journalOf: (db: Db) => JournalStore
  signer: BrokerSigner
  transactions: Transactions
  ending: Ending
  clock: Clock
  log: Log
  checkpoint: Checkpoint
}) {
  const { db, journalOf, signer, transactions, ending, clock, log, checkpoint } = deps
  const journal = journalOf(db)
  const stopping = new AbortController()
  const refusals = new Map<number, number>()

  /** Sends the journaled bytes (again) and waits for a receipt. Returns the entry as it then stands, open if it takes too long. */
  async function carryOut(entry: JournalEntry): Promise<JournalEntry> {
    let current = entry
    let pauseMs = pollIntervalMs.first
    let sinceSentMs = Number.POSITIVE_INFINITY
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pauseMs) {
      // What a node has dropped it takes again.
      if (sinceSentMs >= resendIntervalMs) {
        current = await send(current)
        sinceSentMs = 0
      }
      const ended = await ending.find(current)
      if (ended) return ended
      // The next process goes on from the journal.
      if (stopping.signal.aborted) break
      await clock.wait(pauseMs, stopping.signal)
      sinceSentMs += pauseMs
      pauseMs = Math.min(pauseMs * 2, pollIntervalMs.longest)
    }
    return current
  }

  async function send(entry: JournalEntry): Promise<JournalEntry> {
    const sent = await offer(entry)
    await checkpoint('transaction-sent')
    return sent
  }

  /** Broadcasts the newest attempt, or a dearer one when that is too cheap or has waited too long. */
  async function offer(entry: JournalEntry): Promise<JournalEntry> {
    const outcome = await transactions.broadcast(entry.raw)
    if (outcome === 'accepted') await journal.markSent(entry.id, 'broadcast')
    if (outcome === 'unanswered') await journal.markSent(entry.id, 'unknown')
    note(entry, outcome)
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

  function note({ id, user_address: address, hash: txHash }: JournalEntry, outcome: BroadcastOutcome): void {
    const isRefused = outcome === 'rejected' || outcome === 'no-gas-money'
    const count = isRefused ? (refusals.get(id) ?? 0) + 1 : 0
    if (isRefused) refusals.set(id, count)
    else refusals.delete(id)
    if (outcome !== 'accepted') {
      log[levelOf(outcome, count)]({ address, txHash, state: outcome, count }, 'transaction not accepted')
    }
  }

  async function isStuck({ id }: JournalEntry): Promise<boolean> {
    const [newest] = await journal.listAttempts(id)
    return newest !== undefined && clock.now() - newest.created_at.getTime() >= stuckAfterMs
  }

  /** Signs the same transaction for higher fees and journals it; undefined at the cap, or when it has ended meanwhile. */
  async function replace(entry: JournalEntry): Promise<JournalEntry | undefined> {
    const [first] = (await journal.listAttempts(entry.id)).slice(-1)
    const { nonce, gas, fees } = signer.termsOf(entry.raw)
    const raised = await transactions.raisedFees(fees)
    if (!first || ceilingOf(raised) > ceilingOf(signer.termsOf(first.raw).fees) * feeCap) return undefined
    const { user_address: user, broker_address: brokerAddress } = entry
    const intent = await intentOf(entry)
    // A node would refuse what the wallet cannot pay, and the cheaper form would not be sent any more.
    const price = signer.callOf(user, intent).value + gas * ceilingOf(raised)
    const wallet = await transactions.readWallet(brokerAddress)
    if (wallet < price) {
      // What a block would take as it is needs no help.
      const isOutpriced = ceilingOf(fees) < (await transactions.readGasPrice())
      await journal.noteShortfall(entry.id, isOutpriced ? price - wallet : 0n)
      return undefined
    }
    const signed = await signer.signTransaction({ user, intent, nonce, gas, fees: raised })
    const attempt = { ...signed, now: new Date(clock.now()) }
    return db.transaction().execute((trx) => journalOf(trx).replace(entry, attempt))
  }

  async function intentOf({ id, kind, provider, amount }: JournalEntry): Promise<Intent> {
    switch (kind) {
      case 'deposit':
      case 'refund':
      case 'payout':
        return { kind, amount }
      case 'transfer':
      case 'restore':
        if (!provider) throw new Error(`A ${kind} without a provider stands in the journal`)
        return { kind, provider, amount }
      case 'retrieve':
        return { kind, providers: (await journal.listSightings(id)).map((sighting) => sighting.provider) }
      default:
        return assertNever(kind)
    }
  }

  return {
    carryOut,

    /** Sends the entry once and looks once what became of it; undefined while it stays open. */
    attempt: async (entry: JournalEntry): Promise<JournalEntry | undefined> => ending.find(await send(entry)),

    /** Forgets what it noted of all entries but these. */
    forgetExcept(open: readonly JournalEntry[]): void {
      ending.forgetExcept(open)
      const ids = new Set(open.map(({ id }) => id))
      for (const id of refusals.keys()) if (!ids.has(id)) refusals.delete(id)
    },

    stop: () => stopping.abort(),
  }
}

/** Once as a warning and once as an alarm. A used nonce mostly says that the transaction is mined already. */
function levelOf(outcome: BroadcastOutcome, refusals: number): 'debug' | 'warn' | 'error' {
  if (refusals === refusalsToAlarm) return 'error'
  return refusals > 1 || outcome === 'nonce-used' ? 'debug' : 'warn'
}
