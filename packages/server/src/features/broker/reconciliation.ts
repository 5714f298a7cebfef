import type { Address } from 'viem'
import type { ChainReader } from '../../chain/reader.ts'
import type { Db } from '../../database/connect.ts'
import { type Checkpoint, passCheckpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Hex } from '../../platform/hex.ts'
import { inParallel } from '../../platform/in-parallel.ts'
import type { Log } from '../../platform/log.ts'
import { least, most } from '../../platform/neuron.ts'
import type { ProviderHealth } from '../models/health.ts'
import { createReservationStore, type ReservationStore } from './reservation-store.ts'
import type { BrokerService, UnsettledSource } from './service.ts'
import { type AccountStore, createAccountStore } from './store.ts'
import type { Book } from './sub-account.ts'

/** A bill must stand unchanged this long: a provider may go on naming fees for a while after the chain has paid them. */
const steadyMs = 120_000

const sideBySide = 8

/** Neuron. `billed` is what was taken on chain (`settled`) and what is still wanted. */
type Bill = { settled: bigint; billed: bigint }

type Finding = { user: Hex; provider: Address; bill: Bill; book: Book & { settled: bigint }; now: Date }

export type Reconciliation = ReturnType<typeof createReconciliation>

/**
 * Compares what we have charged with what each provider bills: requests of unknown outcome get what is unexplained, and
 * what is left (a provider that told a false usage) is booked as an adjustment.
 */
export function createReconciliation(deps: {
  db: Db
  reader: ChainReader
  broker: BrokerService
  unsettledOf: UnsettledSource
  health: Pick<ProviderHealth, 'quarantine'>
  clock: Clock
  log: Log
  checkpoint?: Checkpoint
  storeOf?: (db: Db) => ReservationStore
  accountsOf?: (db: Db) => AccountStore
}) {
  const { db, reader, broker, unsettledOf, health, clock, log } = deps
  const { checkpoint = passCheckpoint, storeOf = createReservationStore, accountsOf = createAccountStore } = deps
  const reservations = storeOf(db)
  const accounts = accountsOf(db)
  const seen = new Map<string, Bill & { sinceMs: number }>()

  const findBook = async (user: Hex, provider: Address) =>
    (await accounts.listSubAccounts(user)).find((book) => book.provider === provider)

  /** What the provider has taken on chain, and with what it still wants, all it has ever billed. Undefined when that cannot be told. */
  async function readBill(user: Hex, provider: Address, book: Finding['book']): Promise<Bill | undefined> {
    const unsettled = (await unsettledOf(user, [provider])).get(provider)
    const { subAccounts } = await reader.readAccount(broker.brokerAddress(user))
    const account = subAccounts.find((item) => item.provider === provider)
    // A ledger that was emptied is gone with its sub-accounts. Any other that is not there has not been seen yet.
    const isEmptied = book.deposited === book.settled
    if (isEmptied && (account?.balance ?? 0n) === 0n) {
      // What is claimed cannot be collected: it counts when money has gone in again.
      return { settled: book.settled, billed: book.settled }
    }
    if (unsettled === undefined || !account) return undefined
    const settled = book.deposited - account.balance
    return { settled, billed: settled + unsettled }
  }

  function isSteady(key: string, { settled, billed }: Bill): boolean {
    const before = seen.get(key)
    if (before?.settled === settled && before.billed === billed) return clock.now() - before.sinceMs >= steadyMs
    seen.set(key, { settled, billed, sinceMs: clock.now() })
    return false
  }

  async function compare(user: Hex, provider: Address, now: Date): Promise<void> {
    const book = await findBook(user, provider)
    // What is under way may stand on chain and not in the books: nothing can be compared until it is booked.
    if (!book || (await accounts.listOpenMoves(user)).length > 0) return
    const bill = await readBill(user, provider, book)
    const key = `${user}:${provider}`
    if (!bill || !isSteady(key, bill)) return
    seen.delete(key)
    await checkpoint('bill-read')
    await db.transaction().execute(async (trx) => {
      const own = accountsOf(trx)
      const hasMoved = !(await own.lockUnchanged(book)) || (await own.listOpenMoves(user)).length > 0
      // Books that moved meanwhile belong to another request: compare again later.
      if (hasMoved || (await storeOf(trx).hasHeld({ user, provider }))) return
      await correct(trx, { user, provider, bill, book, now })
    })
    await checkpoint('bill-booked')
  }

  /** Books the bill as far as it can be right. */
  async function correct(trx: Db, found: Finding): Promise<void> {
    const { user, provider, bill, book, now } = found
    const store = storeOf(trx)
    let charged = book.charged
    for (const { id, amount } of await store.listUnknown({ user, provider, before: now })) {
      const cost = most(0n, least(bill.billed - charged, amount))
      await store.charge({ id, cost })
      charged += cost
      log.info({ address: user, provider, amountNeuron: cost }, 'unknown request reconciled')
    }
    const correction = correctionOf({ bill, charged, slack: book.slack, settledBefore: book.settled })
    if (correction.state === 'wait') return
    if (correction.amount !== 0n) {
      await store.adjust({ user, provider, amount: correction.amount, now })
      log.warn({ address: user, provider, amountNeuron: correction.amount }, 'provider bills other than it told')
    }
    if (correction.excess > 0n) {
      log.error({ address: user, provider, amountNeuron: correction.excess }, 'provider bills what cannot be')
      await health.quarantine(provider, 'it bills more than the requests it took can cost', trx)
    }
    await store.markChecked({ user, provider, settled: bill.settled })
  }

  return {
    /** One round; a sub-account is corrected in the second round that sees the same bill. */
    async run(): Promise<void> {
      const now = new Date(clock.now())
      await reservations.markOverdueUnknown(now)
      // What is asked side by side goes to the node in one batch; who owes nothing is not asked about at all.
      await inParallel(await reservations.listDue(now), sideBySide, async ({ user_address: user, provider }) => {
        await compare(user, provider, now).catch((error: unknown) =>
          log.warn({ address: user, provider, error }, 'reconciliation postponed'),
        )
        await reservations.markLooked({ user, provider, now })
      })
    },
  }
}

/** What to book for `bill`. Neuron; `excess` is billed and not believed. */
type Correction = { state: 'book'; amount: bigint; excess: bigint } | { state: 'wait' }

/**
 * What the chain has paid is a fact and booked in any case. Of what is only claimed, no more is believed than the requests
 * could have cost. Less than charged is believed once the chain has paid and nothing is claimed any more: a provider may
 * forget a fee a while before the chain takes it.
 */
export function correctionOf(options: {
  bill: Bill
  charged: bigint
  slack: bigint
  settledBefore: bigint
}): Correction {
  const { bill, charged, slack, settledBefore } = options
  const difference = bill.billed - charged
  if (difference < 0n) {
    const isPaid = bill.billed === bill.settled && bill.settled > settledBefore
    return isPaid ? { state: 'book', amount: most(difference, -charged), excess: 0n } : { state: 'wait' }
  }
  const amount = most(least(difference, slack), bill.settled - charged)
  return { state: 'book', amount, excess: most(difference - slack, 0n) }
}
