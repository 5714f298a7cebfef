import fc from 'fast-check'
import type { ReservationStore } from '../../../features/broker/reservation-store.ts'
import type { AccountStore } from '../../../features/broker/store.ts'
import { minimumProviderLock } from '../../../features/broker/terms.ts'
import type { JournalStore } from '../../../features/funding/store.ts'
import type { WithdrawalStore } from '../../../features/withdrawals/store.ts'
import type { Hex } from '../../../platform/hex.ts'
import { isRead } from './reads.ts'

/** What is called, with arguments as data; each `now` in them is set when it is called. */
export type Call = { store: keyof typeof methods; method: string; args: readonly unknown[] }

type ArgsOf<T> = { [K in keyof T]: T[K] extends (...args: infer A) => unknown ? fc.Arbitrary<A> : never }

// Few of everything, so that calls meet each other's rows.
const pick = <const T>(...values: T[]) => fc.constantFrom<T>(...values)
const user = pick<Hex>('0xaa', '0xaa', '0xaa', '0xBB')
const provider = pick<Hex>('0xc1', '0xc1', '0xc1', '0xC2', '0xC2', '0xc3')
const brokerAddress = pick<Hex>('0xb1', '0xb2')
const digest = pick<Hex>('0xd1', '0xd2', '0xd3', '0xd4')
const hash = fc.nat(9).map((last): Hex => `0xe${last}`)
const raw = pick<Hex>('0xf1', '0xf2', '0xf3')
const id = fc.integer({ min: 1, max: 5 })
const uuid = fc.integer({ min: 1, max: 5 }).map((last) => `00000000-0000-4000-8000-00000000000${last}`)
const block = fc.integer({ min: 1, max: 3 })
const time = fc.integer({ min: 1, max: 4 }).map((day) => new Date(Date.UTC(2026, 0, day)))
const now = fc.constant(new Date(0))
const amount = pick(-1n, 0n, 1n, 2n, 3n, 5n, 8n, 10n ** 60n)
const fewAmounts = pick(1n, 2n, 3n, 5n)
const mostlyFew = fc.oneof({ arbitrary: fewAmounts, weight: 5 }, amount)
const account = { user, provider }
const one = <T>(argument: fc.Arbitrary<T>): fc.Arbitrary<[T]> => fc.tuple(argument)
const none: fc.Arbitrary<[]> = fc.constant([])

const journal: ArgsOf<JournalStore> = {
  lock: one(brokerAddress),
  find: one(id),
  findOpen: one(user),
  listOpen: none,
  nextNonce: one(brokerAddress),
  listSightings: one(id),
  listOfWithdrawal: one(id),
  hasOpenWithdrawal: one(user),
  append: one(
    fc.record({
      ...{ user, brokerAddress, raw, hash, now, nonce: fc.nat(6), amount: mostlyFew },
      kind: pick('deposit', 'transfer', 'restore', 'retrieve', 'refund', 'payout'),
      provider: fc.option(provider),
      withdrawalId: pick(null, null, 1, 2),
      sightings: fc.array(fc.record({ provider, balance: amount, blockNumber: block }), { maxLength: 2 }),
    }),
  ),
  replace: fc.tuple(fc.record({ id, hash }), fc.record({ raw, hash, now })),
  listAttempts: one(id),
  markSent: fc.tuple(id, pick('broadcast', 'unknown')),
  noteShortfall: fc.tuple(id, amount),
  end: fc.tuple(
    id,
    fc.record({ hash, succeeded: fc.boolean(), blockNumber: block, gasUsed: amount, effectiveGasPrice: amount }),
  ),
  endWithout: one(id),
  appendDeposit: one(fc.record({ user, digest, transactionId: id, now })),
  findDeposit: one(fc.record({ user, digest })),
}

const accounts: ArgsOf<AccountStore> = {
  findLedger: one(user),
  sumBalance: one(user),
  listSubAccounts: one(user),
  saveLedger: one(fc.record({ user, brokerAddress, available: amount, blockNumber: block })),
  listOpenMoves: one(user),
  creditSubAccount: one(fc.record({ ...account, amount: fc.oneof(fc.constant(minimumProviderLock + 10n), amount) })),
  moveDeposited: one(fc.record({ ...account, moved: fc.oneof(pick(-minimumProviderLock, -5n, -2n, -1n), fewAmounts) })),
  openFoundSubAccount: one(fc.record({ ...account, deposited: amount, charged: amount, blockNumber: block })),
  markDue: one(fc.record(account)),
  lockUnchanged: one(
    fc.record({
      ...{ user_address: user, provider, charged: pick(0n, 1n), reserved: pick(0n, 1n) },
      deposited: pick(0n, 1n, minimumProviderLock + 10n),
    }),
  ),
}

const reservations: ArgsOf<ReservationStore> = {
  hold: one(
    fc.record({
      ...{ ...account, id: uuid, digest, now, amount: mostlyFew, heldUntil: time },
      ...{ requestId: fc.constant('a-request'), model: fc.constant('a-model') },
    }),
  ),
  charge: one(fc.record({ id: uuid, cost: mostlyFew })),
  find: one(uuid),
  release: one(uuid),
  markUnknown: one(uuid),
  markOverdueUnknown: one(time),
  listDue: one(time),
  adjust: one(fc.record({ ...account, amount: pick(-3n, -1n, 1n, 3n), now })),
  waive: one(fc.record({ ...account, now })),
  markLooked: one(fc.record({ ...account, now })),
  markChecked: one(fc.record({ ...account, settled: amount })),
  hasHeld: one(fc.record(account)),
  isEmptied: one(fc.record(account)),
  listUnknown: one(fc.record({ ...account, before: time })),
}

const withdrawals: ArgsOf<WithdrawalStore> = {
  create: one(fc.record({ user, digest, amount: fc.option(mostlyFew), now })),
  find: one(id),
  findSigned: one(fc.record({ user, digest })),
  findOpen: one(user),
  findCancelled: one(fc.record({ user, digest })),
  listOpen: none,
  wait: fc.tuple(
    id,
    fc.oneof(
      fc.constant({ for: 'transaction' } as const),
      fc.record({ for: fc.constant('lock-time' as const), until: time }),
      fc.record({ for: fc.constant('gas' as const), shortfall: amount }),
    ),
  ),
  lock: fc.tuple(id, pick('open', 'cancelling', 'done')),
  setRest: fc.tuple(id, amount),
  cancel: one(fc.record({ id, digest })),
  end: fc.tuple(id, pick('done', 'failed', 'cancelled')),
}

const methods = { journal, accounts, reservations, withdrawals }

/** What makes the rows that the others are about, and what makes room for more of them. */
const makers = new Set(['append', 'appendDeposit', 'hold', 'charge', 'create', 'end'])

/** What is written is compared in the end, so writing is worth more than reading. */
const weightOf = (method: string) => (makers.has(method) ? 6 : isRead(method) ? 1 : 3)

/** Any method of any of the four stores. */
const call: fc.Arbitrary<Call> = fc.oneof(
  ...Object.entries(methods).flatMap(([store, all]) =>
    Object.entries<fc.Arbitrary<readonly unknown[]>>(all).map(([method, args]) => ({
      arbitrary: args.map((drawn) => ({ store: store as Call['store'], method, args: drawn })),
      weight: weightOf(method),
    })),
  ),
)

export type Group = { in: 'no-transaction' | 'committed' | 'turned-back'; calls: readonly Call[] }

/** Calls outside of a transaction, and transactions that end well or are turned back. */
export const groups: fc.Arbitrary<Group[]> = fc.array(
  fc.record({
    in: pick('no-transaction', 'no-transaction', 'committed', 'turned-back'),
    calls: fc.array(call, { minLength: 1, maxLength: 4, size: 'max' }),
  }),
  { minLength: 15, maxLength: 30, size: 'max' },
)

/** Sub-accounts that can pay 10 neuron each. */
export const start: Group = {
  in: 'no-transaction',
  calls: (['0xaa', '0xBB'] as const).flatMap((owner) =>
    (['0xc1', '0xC2'] as const).map((at) => ({
      store: 'accounts' as const,
      method: 'creditSubAccount',
      args: [{ user: owner, provider: at, amount: minimumProviderLock + 10n }],
    })),
  ),
}
