import type { ChainReader, Move } from '../../chain/reader.ts'
import type { Receipt, Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import type { Checkpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Hex } from '../../platform/hex.ts'
import type { Log } from '../../platform/log.ts'
import type { BrokerService } from '../broker/service.ts'
import type { JournalEntry, JournalStore } from './store.ts'

/** How long a nonce must be gone without a receipt of ours before the entry counts as failed. */
const lostAfterMs = 120_000

export type Ending = ReturnType<typeof createEnding>

/** Finds out what became of an entry of the journal, and books it once. */
export function createEnding(deps: {
  db: Db
  journalOf: (db: Db) => JournalStore
  transactions: Transactions
  reader: ChainReader
  broker: BrokerService
  clock: Clock
  log: Log
  checkpoint: Checkpoint
}) {
  const { db, journalOf, transactions, reader, broker, clock, log, checkpoint } = deps
  const journal = journalOf(db)
  const lostSince = new Map<number, number>()

  /** The entry once one of its attempts is deep enough in the chain, or once none of them ever can be. */
  async function find(entry: JournalEntry): Promise<JournalEntry | undefined> {
    try {
      // NOTE the nonce is read first: a receipt that appears in between is then found below.
      const settledNonces = await transactions.countSettledNonces(entry.broker_address)
      for (const { hash } of await journal.listAttempts(entry.id)) {
        const receipt = await transactions.findReceipt(hash)
        if (receipt) return await book(entry, { ...receipt, hash })
      }
      if (settledNonces <= entry.nonce) return void lostSince.delete(entry.id)
      if (!isLongLost(entry) || (await isKnown(entry))) return undefined
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
  async function book(entry: JournalEntry, receipt: Receipt & { hash: Hex }): Promise<JournalEntry | undefined> {
    const chain = await reader.readAccount(entry.broker_address)
    if (chain.blockNumber < receipt.blockNumber) return undefined
    const moves = await listMoves(entry, receipt)
    await checkpoint('receipt-found')
    const ended = await db.transaction().execute(async (trx) => {
      const closed = await journalOf(trx).end(entry.id, receipt)
      if (!closed) return undefined
      const { user_address: user, state, kind, provider, amount } = closed
      if (state === 'confirmed' && kind === 'transfer' && provider) {
        await broker.creditTransfer(trx, { user, provider, amount })
      }
      await broker.bookMoves(trx, { user, moves })
      await broker.rememberChain(trx, closed.user_address, chain)
      return closed
    })
    await checkpoint('transaction-booked')
    if (!ended) return journal.find(entry.id)
    const { user_address: address, kind, state, hash: txHash, amount: amountNeuron } = ended
    log.info({ address, kind, state, txHash, amountNeuron }, 'transaction ended')
    return ended
  }

  /** What a transaction moved that does not say so itself. Read once its block is final, before anything is booked. */
  async function listMoves(entry: JournalEntry, receipt: Receipt & { hash: Hex }): Promise<Move[]> {
    const [first, ...others] = receipt.succeeded ? await journal.listSightings(entry.id) : []
    if (!first) return []
    const moves = await reader.listMoves({
      broker: entry.broker_address,
      hash: receipt.hash,
      blockNumber: receipt.blockNumber,
      since: { blockNumber: first.block_number, balances: [first, ...others] },
    })
    await checkpoint('moves-read')
    return moves
  }

  return {
    find,

    /** Forgets what was noted of all entries but these. */
    forgetExcept(open: readonly JournalEntry[]): void {
      const ids = new Set(open.map(({ id }) => id))
      for (const id of lostSince.keys()) if (!ids.has(id)) lostSince.delete(id)
    },
  }
}
