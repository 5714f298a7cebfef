import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeOnDatabases } from '../../testing/describe-on-databases.ts'
import { randomAddress, randomHash } from '../../testing/random-hex.ts'
import { createStatementService, type Entry } from './service.ts'
import type { Position } from './store.ts'

const now = new Date('2026-01-01T00:00:00.000Z')
const earlier = new Date(now.getTime() - 1)

describeOnDatabases('a page', (db) => {
  /** An account with one entry of each source at `at`. */
  async function addEntries(user: `0x${string}`, provider: `0x${string}`, nonce: number, at: Date) {
    const shared = { user_address: user, provider, amount: 1n, created_at: at }
    const reservation = { ...shared, id: randomUUID(), digest: randomHash(), model: 'a-model', held_until: at }
    const transaction = { ...shared, broker_address: user, nonce, kind: 'transfer' as const, raw: randomHash() }
    await db()
      .insertInto('reservation')
      .values({ ...reservation, state: 'held' })
      .execute()
    await db().insertInto('adjustment').values(shared).execute()
    await db()
      .insertInto('chain_transaction')
      .values({ ...transaction, hash: randomHash(), state: 'prepared' })
      .execute()
  }

  async function account() {
    const [user, provider] = [randomAddress(), randomAddress()]
    const book = { user_address: user, provider, deposited: 9n, charged: 0n, reserved: 0n }
    await db().insertInto('sub_account').values(book).execute()
    return { user, provider }
  }

  test.each([1, 2, 3, 4, 5])('of %d goes on where the last one ended, also within one moment', async (limit) => {
    const { user, provider } = await account()
    for (const nonce of [0, 1]) await addEntries(user, provider, nonce, now)
    await addEntries(user, provider, 2, earlier)
    const statements = createStatementService({ db: db() })
    const entries: Entry[] = []

    let before: Position | undefined
    do {
      const page = await statements.listPage({ user, before, limit })
      entries.push(...page.entries)
      before = page.next
    } while (before && entries.length < 20)

    expect(entries).toEqual((await statements.listPage({ user, before: undefined, limit: 100 })).entries)
    expect(entries.map(({ source }) => source)).toEqual([
      ...['reservation', 'reservation', 'adjustment', 'adjustment', 'transaction', 'transaction'],
      ...['reservation', 'adjustment', 'transaction'],
    ])
  })
})
