import { describe, expect, test } from 'vitest'
import { memoryAccounts } from './accounts.ts'
import { createMemoryDatabase, type View } from './database.ts'
import { memoryJournal } from './journal.ts'
import { isRead } from './reads.ts'
import { memoryReservations } from './reservations.ts'
import { memoryWithdrawals } from './withdrawals.ts'

const now = new Date('2026-01-01T00:00:00.000Z')
const account = { user: '0xa', provider: '0xb' } as const
const signed = { user: '0xa', digest: '0xd' } as const
const sent = { raw: '0x1', hash: '0x2', now } as const

type Calls<T> = { [K in keyof T]: T[K] extends (...args: infer A) => unknown ? A : never }

/** What each method can be called with; a method that is missing here does not compile. */
const calls = {
  journal: {
    lock: ['0xc'],
    find: [1],
    findOpen: ['0xa'],
    listOpen: [],
    nextNonce: ['0xc'],
    listSightings: [1],
    listOfWithdrawal: [1],
    hasOpenWithdrawal: ['0xa'],
    append: [
      {
        ...{ ...sent, user: '0xa', brokerAddress: '0xc', nonce: 0, kind: 'deposit', provider: null, amount: 1n },
        ...{ withdrawalId: null, sightings: [] },
      },
    ],
    replace: [{ id: 1, hash: '0x2' }, sent],
    listAttempts: [1],
    markSent: [1, 'broadcast'],
    noteShortfall: [1, 1n],
    end: [1, { hash: '0x2', succeeded: true, blockNumber: 1, gasUsed: 1n, effectiveGasPrice: 1n }],
    endWithout: [1],
    appendDeposit: [{ ...signed, transactionId: 1, now }],
    findDeposit: [signed],
  } satisfies Calls<ReturnType<typeof memoryJournal>>,
  accounts: {
    findLedger: ['0xa'],
    sumBalance: ['0xa'],
    listSubAccounts: ['0xa'],
    saveLedger: [{ user: '0xa', brokerAddress: '0xc', available: 1n, blockNumber: 1 }],
    listOpenMoves: ['0xa'],
    creditSubAccount: [{ ...account, amount: 1n }],
    moveDeposited: [{ ...account, moved: 1n }],
    openFoundSubAccount: [{ ...account, deposited: 1n, charged: 1n, blockNumber: 1 }],
    markDue: [account],
    lockUnchanged: [{ user_address: '0xa', provider: '0xb', deposited: 1n, charged: 0n, reserved: 0n }],
  } satisfies Calls<ReturnType<typeof memoryAccounts>>,
  reservations: {
    hold: [{ ...signed, ...account, id: '1', requestId: '1', model: 'm', amount: 1n, heldUntil: now, now }],
    charge: [{ id: '1', cost: 1n }],
    find: ['1'],
    release: ['1'],
    markUnknown: ['1'],
    markOverdueUnknown: [now],
    listDue: [now],
    adjust: [{ ...account, amount: 1n, now }],
    waive: [{ ...account, now }],
    markLooked: [{ ...account, now }],
    markChecked: [{ ...account, settled: 1n }],
    hasHeld: [account],
    isEmptied: [account],
    listUnknown: [{ ...account, before: now }],
  } satisfies Calls<ReturnType<typeof memoryReservations>>,
  withdrawals: {
    create: [{ ...signed, amount: null, now }],
    find: [1],
    findSigned: [signed],
    findOpen: ['0xa'],
    findCancelled: [signed],
    listOpen: [],
    wait: [1, { for: 'transaction' }],
    lock: [1, 'open'],
    setRest: [1, 1n],
    cancel: [{ id: 1, digest: '0xd' }],
    end: [1, 'done'],
  } satisfies Calls<ReturnType<typeof memoryWithdrawals>>,
}

/** Notes whether anybody tried to change something, or to wait for those who do. */
function watchedView() {
  const { view } = createMemoryDatabase()
  let hasChanged = false
  const watched: View = {
    ...view,
    change() {
      hasChanged = true
      throw new Error('Seen')
    },
  }
  return { watched, hasChanged: () => hasChanged }
}

function seenToRead(twinOf: (view: View) => object, method: string, args: unknown[]): boolean {
  const { watched, hasChanged } = watchedView()
  const call = Object.entries(twinOf(watched)).find(([name]) => name === method)?.[1]
  try {
    call(...args)
  } catch (error) {
    if (!hasChanged()) throw error
  }
  return !hasChanged()
}

describe.each([
  ['journal', memoryJournal, calls.journal],
  ['accounts', memoryAccounts, calls.accounts],
  ['reservations', memoryReservations, calls.reservations],
  ['withdrawals', memoryWithdrawals, calls.withdrawals],
] as const)('the twin of the %s store', (_name, twinOf, methods) => {
  test.each(Object.entries(methods))('tells by its name whether %s only reads', (method, args) => {
    expect(isRead(method)).toBe(seenToRead(twinOf, method, args))
  })
})
