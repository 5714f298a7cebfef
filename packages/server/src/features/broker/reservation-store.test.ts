import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isUniqueViolation } from '../../database/connect.ts'
import { describeOnStores } from '../../testing/describe-on-databases.ts'
import { now, openFundedAccount } from '../../testing/funded-account.ts'
import { randomAddress, randomHash } from '../../testing/random-hex.ts'
import { createReservations } from './reservations.ts'

const later = (seconds: number) => new Date(now.getTime() + seconds * 1_000)

describeOnStores('the store of reservations', (stores) => {
  const fundedAccount = () => openFundedAccount(stores())

  test('holds as much as there is above the OG that stays locked, and not one neuron more', async () => {
    const { hold, book } = await fundedAccount()

    const held = await hold(100n)
    const more = await hold(1n)

    expect(held).toBeDefined()
    expect(more).toBeUndefined()
    expect(await book()).toEqual({ charged: 0n, reserved: 100n })
  })

  test('never holds more than there is, however many ask at once', async () => {
    const { hold, book } = await fundedAccount()

    const holds = await Promise.all(Array.from({ length: 20 }, () => hold(30n)))

    expect(holds.filter((id) => id !== undefined)).toHaveLength(3)
    expect(await book()).toEqual({ charged: 0n, reserved: 90n })
  })

  test('holds nothing in a sub-account that does not exist', async () => {
    const { store, request } = await fundedAccount()

    const held = await store.hold({ ...request(1n), provider: randomAddress() })

    expect(held).toBeUndefined()
  })

  test('refuses a second reservation of one signed request, and takes nothing for it', async () => {
    const { store, request, book } = await fundedAccount()
    const first = request(10n)
    await store.hold(first)

    const second = store.hold({ ...first, id: randomUUID() })

    await expect(second).rejects.toSatisfy(isUniqueViolation)
    expect(await book()).toEqual({ charged: 0n, reserved: 10n })
  })

  test('lets a signed request hold again after its first reservation was released', async () => {
    const { store, request, book } = await fundedAccount()
    const first = request(10n)
    await store.hold(first)
    await store.release(first.id)

    const again = await store.hold({ ...first, id: randomUUID() })

    expect(again).toBeDefined()
    expect(await book()).toEqual({ charged: 0n, reserved: 10n })
  })

  test('charges the cost and frees the rest', async () => {
    const { store, hold, book } = await fundedAccount()
    const id = String(await hold(60n))

    await store.charge({ id, cost: 25n })

    expect(await book()).toEqual({ charged: 25n, reserved: 0n })
  })

  test('charges a reservation of unknown outcome', async () => {
    const { store, hold, book } = await fundedAccount()
    const id = String(await hold(60n))
    await store.markUnknown(id)

    await store.charge({ id, cost: 25n })

    expect(await book()).toEqual({ charged: 25n, reserved: 0n })
  })

  test.each(['charge', 'release'] as const)(
    'ends a reservation once: %s has no effect after a charge',
    async (second) => {
      const { store, hold, book } = await fundedAccount()
      const id = String(await hold(60n))
      await store.charge({ id, cost: 25n })

      await (second === 'charge' ? store.charge({ id, cost: 60n }) : store.release(id))
      await store.markUnknown(id)

      expect(await book()).toEqual({ charged: 25n, reserved: 0n })
    },
  )

  test('ends a reservation once when it is charged and released at once', async () => {
    const { store, hold, book } = await fundedAccount()
    const id = String(await hold(60n))

    await Promise.all([store.charge({ id, cost: 25n }), store.release(id), store.charge({ id, cost: 25n })])

    const { charged, reserved } = await book()
    expect(reserved).toBe(0n)
    expect([0n, 25n]).toContain(charged)
  })

  test('frees everything of a released reservation', async () => {
    const { store, hold, book } = await fundedAccount()
    const id = String(await hold(60n))

    await store.release(id)
    await store.charge({ id, cost: 60n })

    expect(await book()).toEqual({ charged: 0n, reserved: 0n })
  })

  describe('asked which sub-accounts are due for a comparison with the bill', () => {
    /** The time of every reservation here ends after a minute. */
    async function dueAccount() {
      const funded = await fundedAccount()
      const { store, account } = funded
      const isDue = async (at: Date) =>
        (await store.listDue(at)).some(({ user_address }) => user_address === account.user)
      return { ...funded, isDue }
    }

    test('leaves out one that has charged nothing', async () => {
      const { isDue } = await dueAccount()

      expect(await isDue(later(3_600))).toBe(false)
    })

    test('names one that has charged something, until that was checked', async () => {
      const { store, account, hold, isDue } = await dueAccount()
      await store.charge({ id: String(await hold(10n)), cost: 7n })

      const before = await isDue(now)
      await store.markChecked({ ...account, settled: 0n })
      const after = await isDue(now)

      expect({ before, after }).toEqual({ before: true, after: false })
    })

    test('names one with a request of unknown outcome once its time is over', async () => {
      const { store, hold, isDue } = await dueAccount()
      await store.markUnknown(String(await hold(10n)))

      const atItsTime = await isDue(later(60))
      const afterItsTime = await isDue(later(61))

      expect({ atItsTime, afterItsTime }).toEqual({ atItsTime: false, afterItsTime: true })
    })

    test('leaves out one with a request under way', async () => {
      const { store, hold, isDue } = await dueAccount()
      await store.charge({ id: String(await hold(10n)), cost: 7n })
      await hold(10n)

      expect(await isDue(later(3_600))).toBe(false)
    })
  })

  test('lists first what nobody has looked at, then what was looked at longest ago', async () => {
    const { store, accounts, account } = await fundedAccount()
    const [never, longAgo, lately] = [randomAddress(), randomAddress(), randomAddress()]
    for (const provider of [lately, longAgo, never]) {
      await accounts.creditSubAccount({ ...account, provider, amount: 1n })
      await accounts.markDue({ ...account, provider })
    }
    await store.markLooked({ ...account, provider: lately, now: later(60) })
    await store.markLooked({ ...account, provider: longAgo, now })

    const due = (await store.listDue(later(3_600))).filter(({ user_address: user }) => user === account.user)

    expect(due.map(({ provider }) => provider)).toEqual([never, longAgo, lately])
  })

  test.each([
    [20n, 15n],
    [-5n, 35n],
    [60n, 0n],
  ])('lets the provider bill less beyond what was charged after an adjustment by %s', async (amount, slack) => {
    const { store, accounts, account, hold } = await fundedAccount()
    await store.charge({ id: String(await hold(60n)), cost: 25n })

    await store.adjust({ ...account, amount, now })

    expect(await accounts.listSubAccounts(account.user)).toMatchObject([{ charged: 25n + amount, slack }])
  })

  test.each([5n, -5n])('adjusts the books by %s', async (amount) => {
    const { store, account, hold, book } = await fundedAccount()
    await store.charge({ id: String(await hold(60n)), cost: 25n })

    await store.adjust({ ...account, amount, now })

    expect(await book()).toEqual({ charged: 25n + amount, reserved: 0n })
  })

  test('books the cost of a request that was reconciled for less while its process stood still', async () => {
    const { store, hold, book, listAdjustments } = await fundedAccount()
    const id = String(await hold(60n))
    await store.markOverdueUnknown(later(61))
    await store.charge({ id, cost: 10n })
    const { db, reservationsOf: storeOf } = stores()
    const reservations = createReservations({ db, clock: { now: () => now.getTime() }, storeOf })

    await reservations.charge(db, { id, amount: 60n }, 25n)

    expect(await book()).toEqual({ charged: 25n, reserved: 0n })
    expect(await listAdjustments()).toEqual([{ amount: 15n, reason: 'billed' }])
  })

  test('makes a reservation unknown whose runner is overdue, and keeps it held', async () => {
    const { store, account, hold, book } = await fundedAccount()
    const id = await hold(10n)

    await store.markOverdueUnknown(later(60))
    const onTime = await store.listUnknown({ ...account, before: later(3_600) })
    await store.markOverdueUnknown(later(61))
    const overdue = await store.listUnknown({ ...account, before: later(3_600) })

    expect(onTime).toEqual([])
    expect(overdue).toEqual([{ id, amount: 10n }])
    expect(await book()).toEqual({ charged: 0n, reserved: 10n })
  })

  test('holds nothing while a withdrawal is open, and again when it has ended', async () => {
    const { withdrawals, account, hold, book } = await fundedAccount()
    const { user } = account
    const withdrawal = await withdrawals.create({ user, digest: randomHash(), amount: 1n, now })
    const id = Number(withdrawal?.id)

    const whenOpen = await hold(10n)
    await withdrawals.cancel({ id, digest: randomHash() })
    const whenCancelling = await hold(10n)
    await withdrawals.end(id, 'cancelled')
    const whenEnded = await hold(10n)

    expect([whenOpen, whenCancelling]).toEqual([undefined, undefined])
    expect(whenEnded).toBeDefined()
    expect(await book()).toEqual({ charged: 0n, reserved: 10n })
  })

  test('lists requests of unknown outcome by age', async () => {
    const { store, account, request } = await fundedAccount()
    const [younger, older] = [{ ...request(1n), now: later(1) }, request(2n)]
    for (const reservation of [younger, older]) {
      await store.hold(reservation)
      await store.markUnknown(reservation.id)
    }

    const unknown = await store.listUnknown({ ...account, before: later(61) })

    expect(unknown).toEqual([
      { id: older.id, amount: 2n },
      { id: younger.id, amount: 1n },
    ])
  })
})
