import type { Address } from 'viem'
import type { ChainReader } from '../../chain/reader.ts'
import type { Db } from '../../database/connect.ts'
import { type Checkpoint, passCheckpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Hex } from '../../platform/hex.ts'
import type { Log } from '../../platform/log.ts'
import { least, most } from '../../platform/neuron.ts'
import { createReservationStore } from './reservation-store.ts'
import type { BrokerService, UnsettledSource } from './service.ts'
import { createAccountStore } from './store.ts'

/** A bill must stand unchanged this long: a provider may go on naming fees for a while after the chain has paid them. */
const steadyMs = 120_000

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
  clock: Clock
  log: Log
  checkpoint?: Checkpoint
}) {
  const { db, reader, broker, unsettledOf, clock, log, checkpoint = passCheckpoint } = deps
  const reservations = createReservationStore(db)
  const accounts = createAccountStore(db)
  const seen = new Map<string, { billed: bigint; sinceMs: number }>()

  const findBook = async (user: Hex, provider: Address) =>
    (await accounts.listSubAccounts(user)).find((book) => book.provider === provider)

  /** All this provider has ever billed: what it took on chain and what it still wants. Undefined when that cannot be told. */
  async function readBilled(user: Hex, provider: Address, deposited: bigint): Promise<bigint | undefined> {
    const unsettled = (await unsettledOf(user, [provider])).get(provider)
    const { subAccounts } = await reader.readAccount(broker.brokerAddress(user))
    const account = subAccounts.find((item) => item.provider === provider)
    return account && unsettled !== undefined ? deposited - account.balance + unsettled : undefined
  }

  function isSteady(key: string, billed: bigint): boolean {
    const before = seen.get(key)
    if (before?.billed === billed) return clock.now() - before.sinceMs >= steadyMs
    seen.set(key, { billed, sinceMs: clock.now() })
    return false
  }

  async function settle(user: Hex, provider: Address): Promise<void> {
    const book = await findBook(user, provider)
    // A transfer under way may stand on chain and not in the books: nothing can be compared until it is booked.
    if (!book || (await accounts.listOpenTransfers(user)).length > 0) return
    const billed = await readBilled(user, provider, book.deposited)
    const key = `${user}:${provider}`
    if (billed === undefined || !isSteady(key, billed)) return
    seen.delete(key)
    await checkpoint('bill-read')
    await db.transaction().execute(async (trx) => {
      // Books that moved meanwhile belong to another request: compare again later.
      const own = createAccountStore(trx)
      if (!(await own.lockUnchanged(book)) || (await own.listOpenTransfers(user)).length > 0) return
      const store = createReservationStore(trx)
      let unexplained = billed - book.charged
      for (const { id, amount } of await store.listUnknown({ user, provider })) {
        const cost = most(0n, least(unexplained, amount))
        await store.charge({ id, cost })
        unexplained -= cost
        log.info({ address: user, provider, amountNeuron: cost }, 'unknown request reconciled')
      }
      if (unexplained !== 0n) {
        await store.adjust({ user, provider, amount: unexplained, now: new Date(clock.now()) })
        log.error({ address: user, provider, amountNeuron: unexplained }, 'provider bills other than it told')
      }
      await store.markChecked({ user, provider })
    })
    await checkpoint('bill-booked')
  }

  return {
    /** One round; a sub-account is settled in the second round that sees the same bill. */
    async run(): Promise<void> {
      const now = new Date(clock.now())
      await reservations.markOverdueUnknown(now)
      for (const { user_address, provider } of await reservations.listDue(now)) {
        await settle(user_address, provider).catch((error: unknown) =>
          log.warn({ address: user_address, provider, error }, 'reconciliation postponed'),
        )
      }
    },
  }
}
