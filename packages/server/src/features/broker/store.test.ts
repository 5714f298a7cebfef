import { expect, test } from 'vitest'
import { describeOnStores } from '../../testing/describe-on-databases.ts'
import { randomAddress, randomHash } from '../../testing/random-hex.ts'
import type { NewTransaction } from '../funding/store.ts'

/** More than 2^64 and more than any float holds. */
const huge = 10n ** 60n + 1n

const now = new Date('2026-01-01T00:00:00.000Z')

describeOnStores('the store of accounts', (stores) => {
  function newAccount() {
    const { db, accountsOf, reservationsOf, journalOf } = stores()
    const [user, provider, brokerAddress] = [randomAddress(), randomAddress(), randomAddress()]
    const journal = journalOf(db)
    let nonce = 0
    const append = async (kind: NewTransaction['kind'], sightings: NewTransaction['sightings'] = []) => {
      const hash = randomHash()
      const { id } = await journal.append({
        ...{ user, brokerAddress, nonce, kind, provider, amount: 7n },
        ...{ raw: randomHash(), hash, withdrawalId: null, sightings, now },
      })
      nonce += 1
      const mined = { hash, succeeded: true, gasUsed: 1n, effectiveGasPrice: 1n }
      return {
        fail: () => journal.endWithout(id),
        confirm: (blockNumber: number) => journal.end(id, { ...mined, blockNumber }),
      }
    }
    return {
      ...{ db, accountsOf, store: accountsOf(db), reservations: reservationsOf(db) },
      ...{ user, provider, brokerAddress, append },
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

    await store.openFoundSubAccount({ user, provider, deposited: 11n, charged: 3n, blockNumber: 1 })
    await store.openFoundSubAccount({ user, provider, deposited: 99n, charged: 9n, blockNumber: 2 })

    expect(await store.listSubAccounts(user)).toMatchObject([{ deposited: 11n, charged: 3n, reserved: 0n }])
  })

  test('opens no books while a transfer of ours explains the sub-account', async () => {
    const { store, user, provider, append } = newAccount()
    const transfer = await append('transfer')

    await store.openFoundSubAccount({ user, provider, deposited: 11n, charged: 3n, blockNumber: 1 })
    const whileOpen = await store.listSubAccounts(user)
    await transfer.fail()
    await store.openFoundSubAccount({ user, provider, deposited: 11n, charged: 3n, blockNumber: 1 })

    expect(whileOpen).toEqual([])
    expect(await store.listSubAccounts(user)).toMatchObject([{ deposited: 11n, opening: 3n }])
  })

  test.each(['restore', 'retrieve'] as const)('opens no books while a %s moves what they would hold', async (kind) => {
    const { store, user, provider, append } = newAccount()
    const step = await append(kind, [{ provider, balance: 11n, blockNumber: 7 }])
    const found = { user, provider, charged: 3n }

    await store.openFoundSubAccount({ ...found, deposited: 11n, blockNumber: 9 })
    await step.confirm(8)
    await store.openFoundSubAccount({ ...found, deposited: 11n, blockNumber: 7 })
    const before = await store.listSubAccounts(user)
    await store.openFoundSubAccount({ ...found, deposited: 4n, blockNumber: 8 })

    expect(before).toEqual([])
    expect(await store.listSubAccounts(user)).toMatchObject([{ deposited: 4n, opening: 3n }])
  })

  test('opens books beside steps that touch others, or have failed', async () => {
    const { store, user, provider, append } = newAccount()
    await append('retrieve', [{ provider: randomAddress(), balance: 11n, blockNumber: 7 }])
    await (await append('restore', [{ provider, balance: 11n, blockNumber: 7 }])).fail()

    await store.openFoundSubAccount({ user, provider, deposited: 11n, charged: 3n, blockNumber: 1 })

    expect(await store.listSubAccounts(user)).toMatchObject([{ deposited: 11n }])
  })

  test.each(['transfer', 'restore', 'retrieve'] as const)('lists an open %s as a move, until it ends', async (kind) => {
    const { store, user, provider, append } = newAccount()
    const move = await append(kind)

    const whileOpen = await store.listOpenMoves(user)
    await move.fail()

    expect(whileOpen).toEqual([{ kind, provider, amount: 7n }])
    expect(await store.listOpenMoves(user)).toEqual([])
  })

  test.each(['deposit', 'refund', 'payout'] as const)('lists no %s as a move', async (kind) => {
    const { store, user, append } = newAccount()
    await append(kind)

    expect(await store.listOpenMoves(user)).toEqual([])
  })

  test('books what a transaction moved out of a sub-account and into it', async () => {
    const { store, user, provider } = newAccount()
    await store.creditSubAccount({ user, provider, amount: huge })

    await store.moveDeposited({ user, provider, moved: -huge })
    const whenEmpty = await store.listSubAccounts(user)
    await store.moveDeposited({ user, provider, moved: huge + 2n })

    expect(whenEmpty).toMatchObject([{ provider, deposited: 0n }])
    expect(await store.listSubAccounts(user)).toMatchObject([{ provider, deposited: huge + 2n, charged: 0n }])
  })

  test('books what moved out of a sub-account beyond what is known to have gone in as nothing left', async () => {
    const { store, user, provider } = newAccount()
    await store.creditSubAccount({ user, provider, amount: 5n })

    await store.moveDeposited({ user, provider, moved: -6n })

    expect(await store.listSubAccounts(user)).toMatchObject([{ deposited: 0n }])
  })

  test('moves nothing at a provider that has no books', async () => {
    const { store, user, provider } = newAccount()
    await store.creditSubAccount({ user, provider, amount: 5n })

    await store.moveDeposited({ user, provider: randomAddress(), moved: 9n })

    expect(await store.listSubAccounts(user)).toMatchObject([{ provider, deposited: 5n }])
  })

  test('has reconciliation look at a sub-account where nothing was charged', async () => {
    const { store, reservations, user, provider } = newAccount()
    await store.creditSubAccount({ user, provider, amount: 5n })
    const isDue = async () => (await reservations.listDue(now)).some(({ user_address: address }) => address === user)

    const before = await isDue()
    await store.markDue({ user, provider })

    expect([before, await isDue()]).toEqual([false, true])
  })

  test('locks books only while they are what the caller thinks', async () => {
    const { db, accountsOf, store, user, provider } = newAccount()
    await store.creditSubAccount({ user, provider, amount: 5n })
    const book = { user_address: user, provider, deposited: 5n, charged: 0n, reserved: 0n }

    const [same, other] = await db.transaction().execute(async (trx) => {
      const own = accountsOf(trx)
      return [await own.lockUnchanged(book), await own.lockUnchanged({ ...book, charged: 1n })]
    })

    expect(same).toBeDefined()
    expect(other).toBeUndefined()
  })

  test('undoes everything of a transaction that fails', async () => {
    const { db, accountsOf, store, user, provider } = newAccount()

    const failing = db.transaction().execute(async (trx) => {
      await accountsOf(trx).creditSubAccount({ user, provider, amount: 5n })
      throw new Error('after the first half')
    })

    await expect(failing).rejects.toThrow('after the first half')
    expect(await store.listSubAccounts(user)).toEqual([])
  })
})
