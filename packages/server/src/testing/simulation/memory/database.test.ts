import { describe, expect, test } from 'vitest'
import { isUniqueViolation } from '../../../database/connect.ts'
import { minimumProviderLock } from '../../../features/broker/terms.ts'
import { memoryAccounts } from './accounts.ts'
import { createMemoryDatabase } from './database.ts'
import { memoryReservations } from './reservations.ts'
import { memoryWithdrawals } from './withdrawals.ts'

const now = new Date('2026-01-01T00:00:00.000Z')
const account = { user: '0xa', provider: '0xb' } as const
const signed = { user: account.user, digest: '0xd', amount: 5n, now } as const

/** A database with one sub-account that can pay 100 neuron. */
function openDatabase(options?: { uniqueDigests: boolean }) {
  const database = createMemoryDatabase(options)
  memoryAccounts(database.view).creditSubAccount({ ...account, amount: minimumProviderLock + 100n })
  const deposited = () => memoryAccounts(database.view).listSubAccounts(account.user)[0]?.deposited
  return { database, deposited, before: deposited() ?? 0n }
}

const request = (id: string) => ({
  ...({ ...account, id, requestId: 'a-request', digest: '0xd', model: 'a-model' } as const),
  ...{ amount: 10n, heldUntil: now, now },
})

describe('a transaction', () => {
  test('sees what it wrote, and nobody else does until it is committed', () => {
    const { database, deposited, before } = openDatabase()
    const fork = database.fork()
    const own = memoryAccounts(fork)

    own.creditSubAccount({ ...account, amount: 5n })
    const whileOpen = { own: own.listSubAccounts(account.user)[0]?.deposited, others: deposited() }
    fork.commit()

    expect(whileOpen).toEqual({ own: before + 5n, others: before })
    expect(deposited()).toBe(before + 5n)
  })

  test('leaves nothing behind when it is rolled back', () => {
    const { database, deposited, before } = openDatabase()
    const fork = database.fork()
    memoryAccounts(fork).creditSubAccount({ ...account, amount: 5n })

    fork.rollback()

    expect(deposited()).toBe(before)
  })

  test('leaves what was read as it was', () => {
    const { database } = openDatabase()
    const read = database.view.tables()
    const [book] = read.sub_account

    memoryAccounts(database.view).creditSubAccount({ ...account, amount: 5n })

    expect(read.sub_account).toEqual([book])
    expect(book?.deposited).toBe(minimumProviderLock + 100n)
  })

  test('has the whole database: another one and writes outside must wait, reads need not', () => {
    const { database, deposited, before } = openDatabase()
    const fork = database.fork()

    const whileOpen = database.isOpen()

    expect(() => database.fork()).toThrow('wait for its end')
    expect(() => memoryAccounts(database.view).markDue(account)).toThrow('wait for its end')
    expect(deposited()).toBe(before)
    fork.commit()
    expect([whileOpen, database.isOpen()]).toEqual([true, false])
  })

  test('takes nothing after its end', () => {
    const { database } = openDatabase()
    const fork = database.fork()
    fork.commit()

    expect(() => fork.tables()).toThrow('has ended')
    expect(() => memoryAccounts(fork).markDue(account)).toThrow('has ended')
    expect(() => fork.rollback()).toThrow('has ended')
  })

  test('takes nothing after a statement that failed, and commits nothing', () => {
    const { database, deposited, before } = openDatabase()
    const fork = database.fork()
    const own = memoryAccounts(fork)
    own.creditSubAccount({ ...account, amount: 5n })
    const impossible = { user: account.user, brokerAddress: account.user, available: -1n, blockNumber: 1 }
    expect(() => own.saveLedger(impossible)).toThrow('check')

    expect(() => own.listSubAccounts(account.user)).toThrow('transaction-aborted')
    fork.commit()

    expect(deposited()).toBe(before)
  })
})

describe('a statement that fails', () => {
  test('changes nothing, not even what it had done before', () => {
    const { database } = openDatabase()
    const reservations = memoryReservations(database.view)
    reservations.hold(request('first'))
    const before = database.view.tables()

    const attempt = () => reservations.hold(request('second'))

    expect(attempt).toThrow(expect.toSatisfy(isUniqueViolation))
    expect(database.view.tables()).toBe(before)
  })
})

test('lets a signed request act twice where a mutant wants that, and keeps all other keys', () => {
  const { database } = openDatabase({ uniqueDigests: false })
  const reservations = memoryReservations(database.view)
  const withdrawals = memoryWithdrawals(database.view)
  reservations.hold(request('first'))
  const withdrawal = () => withdrawals.create(signed)

  const twice = reservations.hold(request('second'))
  const [first, whileOpen] = [withdrawal(), withdrawal()]
  withdrawals.end(Number(first?.id), 'done')

  expect(twice).toEqual({ id: 'second' })
  expect(() => reservations.hold({ ...request('second'), digest: '0xe' })).toThrow(expect.toSatisfy(isUniqueViolation))
  expect(whileOpen).toBeUndefined()
  expect(withdrawal()).toMatchObject({ state: 'open' })
})
