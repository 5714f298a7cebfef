import type { Address } from 'viem'
import type { BrokerSigner } from '../../chain/broker-signer.ts'
import type { ChainReader, ChainTerms } from '../../chain/reader.ts'
import type { Transactions } from '../../chain/transactions.ts'
import type { Db } from '../../database/connect.ts'
import { createDispatcher } from '../../features/analysis/dispatcher.ts'
import { settle } from '../../features/analysis/finding.ts'
import type { Plan } from '../../features/analysis/plan.ts'
import { createReconciliation } from '../../features/broker/reconciliation.ts'
import type { ReservationStore } from '../../features/broker/reservation-store.ts'
import { createReservations } from '../../features/broker/reservations.ts'
import { createBrokerService, type UnsettledSource } from '../../features/broker/service.ts'
import type { AccountStore } from '../../features/broker/store.ts'
import { createLane } from '../../features/funding/lane.ts'
import { createFundingService } from '../../features/funding/service.ts'
import type { JournalStore } from '../../features/funding/store.ts'
import { createWithdrawalService } from '../../features/withdrawals/service.ts'
import type { WithdrawalStore } from '../../features/withdrawals/store.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import type { ChatOutcome } from '../../provider/chat.ts'

/** What an instance of the service runs on: twins, each of whose methods is an effect that can go wrong. */
export type Ground = {
  db: Db
  journalOf: (db: Db) => JournalStore
  accountsOf: (db: Db) => AccountStore
  reservationsOf: (db: Db) => ReservationStore
  withdrawalsOf: (db: Db) => WithdrawalStore
  signer: BrokerSigner
  reader: ChainReader
  transactions: Transactions
  clock: Clock
  unsettledOf: UnsettledSource
  /** Sends a completion request to the provider. */
  chat: (body: Uint8Array) => Promise<ChatOutcome>
  terms: ChainTerms
  chainId: number
  /** Is told what must never happen. */
  onBug: (error: unknown) => void
}

const silent = () => {}
const log: Log = { debug: silent, info: silent, warn: silent, error: silent }

/** An analysis may take so long. */
const deadlineMs = 120_000

export type Services = ReturnType<typeof startServices>

/** The real services, wired as in context.ts, without what moves no money: HTTP, signatures, prompts, verification. */
export function startServices(ground: Ground) {
  const { db, journalOf, accountsOf, reservationsOf, withdrawalsOf } = ground
  const { signer, reader, transactions, clock, unsettledOf, terms, chainId, onBug } = ground
  const health = {
    succeeded: silent,
    failed: silent,
    quarantine: async (_provider: Address, reason: string) => onBug(new Error(`quarantined: ${reason}`)),
  }
  const broker = createBrokerService({ db, reader, signer, unsettledOf, clock, accountsOf, reservationsOf })
  const reservations = createReservations({ db, clock, storeOf: reservationsOf })
  const lane = createLane({ db, signer, transactions, reader, broker, chainId, clock, log, journalOf })
  const background = {
    run: (_name: string, work: () => Promise<unknown>) => void work().catch(onBug),
    every: silent,
    close: async () => {},
  }
  const funding = createFundingService({
    ...{ db, lane, health, broker, transactions, terms, chainId, background, clock, journalOf },
  })
  const withdrawals = createWithdrawalService({
    ...{ db, lane, signer, reader, transactions, broker, terms, chainId, clock, log, withdrawalsOf },
  })
  const dispatcher = createDispatcher({
    broker,
    funding,
    reservations,
    sessions: { bearer: async () => 'app-sk-simulated', forget: () => true },
    health,
    schemas: { refused: silent },
    chat: { chat: ({ body }) => ground.chat(body) },
    fetchSignature: async () => undefined,
    verifier: { verify: () => undefined },
    clock,
    log,
  })
  const reconciliation = createReconciliation({
    ...{ db, reader, broker, unsettledOf, health, clock, log, accountsOf },
    storeOf: reservationsOf,
  })

  return {
    deposit: (principal: Principal, amount: bigint) => funding.deposit(principal, amount),
    withdraw: (principal: Principal, amount: bigint | undefined) => withdrawals.withdraw(principal, amount),
    cancel: (principal: Principal) => withdrawals.cancel(principal),
    balance: (user: Address) => broker.readAccount(user),

    /** What the analysis service does of money: send under a reservation, repair under the same one, then book. */
    async analyze(principal: Principal, { plan, repair }: { plan: Plan; repair: Plan | undefined }): Promise<bigint> {
      const errand = { principal, requestId: principal.runId, deadlineMs: clock.now() + deadlineMs }
      const first = await dispatcher.dispatch({ ...errand, plans: [plan] })
      const second = repair && (await dispatcher.callAgain({ ...errand, first, plan: repair }))
      const cost = first.cost + (second?.state === 'answered' ? second.billed.cost : 0n)
      const { reservation } = first
      await db
        .transaction()
        .execute((trx) => settle(reservations, trx, { reservation, cost, isUnknown: second?.state === 'unknown' }))
      funding.refillInBackground(principal.address, plan.service.provider)
      return cost
    },

    resumeTransactions: lane.resume,
    resumeWithdrawals: withdrawals.resume,
    reconcile: reconciliation.run,
  }
}
