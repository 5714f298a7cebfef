import { expect, test } from 'vitest'
import { describeOnStores } from '../../testing/describe-on-databases.ts'
import { now, openFundedAccount } from '../../testing/funded-account.ts'
import { randomAddress } from '../../testing/random-hex.ts'
import { minimumProviderLock } from './terms.ts'

const inAnHour = new Date(now.getTime() + 3_600_000)

describeOnStores('closing the books of a sub-account that was emptied', (stores) => {
  /** One that was charged 40, and has `left` of what was deposited in the books. */
  async function emptiedAccount(left: bigint) {
    const funded = await openFundedAccount(stores())
    const { store, accounts, account, hold } = funded
    await store.charge({ id: String(await hold(40n)), cost: 40n })
    await store.markChecked({ ...account, settled: 0n })
    const empty = () => accounts.moveDeposited({ ...account, moved: left - minimumProviderLock - 100n })
    const waive = () => store.waive({ ...account, now })
    const wholeBook = async () => (await accounts.listSubAccounts(account.user))[0]
    const isDue = async () => (await store.listDue(inAnHour)).some(({ provider }) => provider === account.provider)
    return { ...funded, empty, waive, wholeBook, isDue }
  }

  test('waives what was charged and not collected, and lets the provider collect it later', async () => {
    const { empty, waive, wholeBook, isDue, listAdjustments } = await emptiedAccount(30n)
    await empty()

    const waived = await waive()

    expect(waived).toBe(10n)
    expect(await listAdjustments()).toEqual([{ amount: -10n, reason: 'waived' }])
    expect(await wholeBook()).toMatchObject({ deposited: 30n, charged: 30n, settled: 30n, checked: 30n, slack: 10n })
    expect(await isDue()).toBe(false)
  })

  test('waives nothing when all was collected', async () => {
    const { empty, waive, wholeBook, isDue, listAdjustments } = await emptiedAccount(40n)
    await empty()

    const waived = await waive()

    expect(waived).toBe(0n)
    expect(await listAdjustments()).toEqual([])
    expect(await wholeBook()).toMatchObject({ deposited: 40n, charged: 40n, settled: 40n, checked: 40n, slack: 0n })
    expect(await isDue()).toBe(false)
  })

  test('has reconciliation look when more was collected than charged', async () => {
    const { empty, waive, wholeBook, isDue, listAdjustments } = await emptiedAccount(45n)
    await empty()

    const waived = await waive()

    expect(waived).toBe(0n)
    expect(await listAdjustments()).toEqual([])
    expect(await wholeBook()).toMatchObject({ deposited: 45n, charged: 40n, settled: 45n, slack: 0n })
    expect(await isDue()).toBe(true)
  })

  test('charges requests of unknown outcome with what was collected beyond the charges', async () => {
    const { store, hold, empty, waive, wholeBook, isDue, listAdjustments } = await emptiedAccount(52n)
    const id = String(await hold(20n))
    await store.markUnknown(id)
    await empty()

    const waived = await waive()

    expect(waived).toBe(0n)
    expect(await store.find(id)).toMatchObject({ state: 'charged', cost: 12n })
    expect(await listAdjustments()).toEqual([])
    expect(await wholeBook()).toMatchObject({ deposited: 52n, charged: 52n, settled: 52n, checked: 52n, slack: 8n })
    expect(await isDue()).toBe(false)
  })

  test('ends its requests at no cost, and lets the provider collect what they could cost', async () => {
    const { store, hold, empty, waive, wholeBook } = await emptiedAccount(40n)
    const [held, unknown] = [String(await hold(20n)), String(await hold(5n))]
    await store.markUnknown(unknown)
    await empty()

    await waive()

    for (const id of [held, unknown]) expect(await store.find(id)).toMatchObject({ state: 'charged', cost: 0n })
    expect(await wholeBook()).toMatchObject({ charged: 40n, reserved: 0n, slack: 25n })
  })

  test('leaves the requests of others alone', async () => {
    const { store, accounts, account, request, empty, waive } = await emptiedAccount(40n)
    const other = { ...request(20n), provider: randomAddress() }
    await accounts.creditSubAccount({ ...other, amount: minimumProviderLock + 100n })
    await store.hold(other)
    await empty()

    await waive()

    expect(await store.find(other.id)).toMatchObject({ state: 'held' })
    expect(await accounts.listSubAccounts(account.user)).toContainEqual(
      expect.objectContaining({
        provider: other.provider,
        reserved: 20n,
        slack: 0n,
        deposited: minimumProviderLock + 100n,
      }),
    )
  })
})
