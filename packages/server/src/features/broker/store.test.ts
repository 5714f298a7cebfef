import { expect, test } from 'vitest'
import { describeOnDatabases } from '../../testing/describe-on-databases.ts'
import { randomAddress } from '../../testing/random-hex.ts'
import { createAccountStore } from './store.ts'

/** More than 2^64 and more than any float holds. */
const huge = 10n ** 60n + 1n

describeOnDatabases('the store of accounts', (db) => {
  function newAccount() {
    return {
      store: createAccountStore(db()),
      user: randomAddress(),
      provider: randomAddress(),
      brokerAddress: randomAddress(),
    }
  }

  test('keeps amounts exactly, however large', async () => {
    const { store, user, brokerAddress } = newAccount()

    await store.saveLedger({ user, brokerAddress, available: huge, blockNumber: 7 })

    expect(await store.findLedger(user)).toEqual({
      user_address: user,
      broker_address: brokerAddress,
      available: huge,
      block_number: 7,
    })
  })

  test('keeps the newest reading of a ledger, whatever the order of arrival', async () => {
    const { store, user, brokerAddress } = newAccount()
    await store.saveLedger({ user, brokerAddress, available: 5n, blockNumber: 10 })

    await store.saveLedger({ user, brokerAddress, available: 9n, blockNumber: 9 })
    const afterOlder = await store.findLedger(user)
    await store.saveLedger({ user, brokerAddress, available: 4n, blockNumber: 10 })
    const afterSame = await store.findLedger(user)

    expect(afterOlder?.available).toBe(5n)
    expect(afterSame?.available).toBe(4n)
  })

  test('finds nothing of a stranger', async () => {
    const { store, user } = newAccount()

    expect(await store.findLedger(user)).toBeUndefined()
    expect(await store.listSubAccounts(user)).toEqual([])
  })

  test('adds every transfer up, also at once', async () => {
    const { store, user, provider } = newAccount()

    await Promise.all(Array.from({ length: 10 }, () => store.creditSubAccount({ user, provider, amount: huge })))

    expect(await store.listSubAccounts(user)).toMatchObject([
      { user_address: user, provider, deposited: 10n * huge, charged: 0n, reserved: 0n },
    ])
  })

  test('opens the books of a sub-account that only the chain remembers, once', async () => {
    const { store, user, provider } = newAccount()

    await store.openFoundSubAccount({ user, provider, deposited: 11n, charged: 3n })
    await store.openFoundSubAccount({ user, provider, deposited: 99n, charged: 9n })

    expect(await store.listSubAccounts(user)).toMatchObject([{ deposited: 11n, charged: 3n, reserved: 0n }])
  })

  test('locks books only while they are what the caller thinks', async () => {
    const { store, user, provider } = newAccount()
    await store.creditSubAccount({ user, provider, amount: 5n })
    const book = { user_address: user, provider, deposited: 5n, charged: 0n, reserved: 0n }

    const [same, other] = await db()
      .transaction()
      .execute(async (trx) => {
        const own = createAccountStore(trx)
        return [await own.lockUnchanged(book), await own.lockUnchanged({ ...book, charged: 1n })]
      })

    expect(same).toBeDefined()
    expect(other).toBeUndefined()
  })

  test('undoes everything of a transaction that fails', async () => {
    const { store, user, provider } = newAccount()

    const failing = db()
      .transaction()
      .execute(async (trx) => {
        await createAccountStore(trx).creditSubAccount({ user, provider, amount: 5n })
        throw new Error('after the first half')
      })

    await expect(failing).rejects.toThrow('after the first half')
    expect(await store.listSubAccounts(user)).toEqual([])
  })
})
