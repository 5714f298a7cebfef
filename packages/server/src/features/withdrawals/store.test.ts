import { expect, test } from 'vitest'
import { isUniqueViolation } from '../../database/connect.ts'
import { describeOnStores } from '../../testing/describe-on-databases.ts'
import { randomAddress, randomHash } from '../../testing/random-hex.ts'

const now = new Date('2026-01-01T00:00:00.000Z')
const later = new Date('2026-01-02T00:00:00.000Z')

describeOnStores('the store of withdrawals', (stores) => {
  function newUser() {
    const { db, withdrawalsOf, journalOf } = stores()
    const [store, journal, user] = [withdrawalsOf(db), journalOf(db), randomAddress()]
    const brokerAddress = randomAddress()
    const create = (amount: bigint | null = 5n, digest = randomHash()) => store.create({ user, digest, amount, now })
    const opened = async () => {
      const withdrawal = await create()
      if (!withdrawal) throw new Error('A withdrawal is open already')
      return withdrawal
    }
    const addStep = (withdrawalId: number, kind: 'retrieve' | 'refund' | 'payout') =>
      journal.append({
        ...{ user, brokerAddress, nonce: 0, kind, provider: null, amount: kind === 'retrieve' ? 0n : 5n },
        ...{ raw: randomHash(), hash: randomHash(), withdrawalId, sightings: [], now },
      })
    return { db, withdrawalsOf, store, journal, user, create, opened, addStep }
  }

  test('opens a withdrawal that waits for nothing yet', async () => {
    const { store, user, create } = newUser()
    const digest = randomHash()

    const created = await create(10n ** 60n + 1n, digest)

    expect(created).toEqual({
      ...{ id: expect.any(Number), user_address: user, digest, cancel_digest: null, amount: 10n ** 60n + 1n },
      ...{ state: 'open', waits_for: null, wait_until: null, gas_shortfall: null, rest: 0n, created_at: now },
    })
    expect(await store.find(Number(created?.id))).toEqual(created)
    expect(await store.findOpen(user)).toEqual(created)
    expect(await store.findSigned({ user, digest })).toEqual(created)
  })

  test('opens one for everything', async () => {
    const { create } = newUser()

    expect(await create(null)).toMatchObject({ state: 'open', amount: null })
  })

  test.each([0n, -1n])('opens none for %s', async (amount) => {
    const { create } = newUser()

    await expect(create(amount)).rejects.toMatchObject({ code: '23514' })
  })

  test('opens one at a time, however many are asked for at once', async () => {
    const { create } = newUser()

    const created = await Promise.all(Array.from({ length: 5 }, () => create()))

    expect(created.filter((withdrawal) => withdrawal !== undefined)).toHaveLength(1)
  })

  test('opens none while one is turned back, and a new one afterwards', async () => {
    const { store, create, opened } = newUser()
    const { id } = await opened()
    await store.cancel({ id, digest: randomHash() })

    const whenCancelling = await create()
    await store.end(id, 'cancelled')
    const whenCancelled = await create()

    expect(whenCancelling).toBeUndefined()
    expect(whenCancelled).toMatchObject({ state: 'open' })
  })

  test('opens one for each signed request, also after it has ended', async () => {
    const { store, create, user } = newUser()
    const digest = randomHash()
    const first = await create(5n, digest)
    await store.end(Number(first?.id), 'done')

    const second = await create(5n, digest)

    expect(second).toBeUndefined()
    expect(await store.findSigned({ user, digest })).toMatchObject({ id: first?.id, state: 'done' })
  })

  test('takes the same digest from another user', async () => {
    const digest = randomHash()
    await newUser().create(5n, digest)

    expect(await newUser().create(5n, digest)).toBeDefined()
  })

  test('finds nothing of a stranger', async () => {
    const { opened } = newUser()
    const { digest } = await opened()
    const { store, user } = newUser()

    expect(await store.findOpen(user)).toBeUndefined()
    expect(await store.findSigned({ user, digest })).toBeUndefined()
    expect(await store.findCancelled({ user, digest })).toBeUndefined()
  })

  test.each([
    [{ for: 'transaction' } as const, { waits_for: 'transaction', wait_until: null, gas_shortfall: null }],
    [{ for: 'lock-time', until: later } as const, { waits_for: 'lock-time', wait_until: later, gas_shortfall: null }],
    [{ for: 'gas', shortfall: 7n } as const, { waits_for: 'gas', wait_until: null, gas_shortfall: 7n }],
  ])('notes what it waits for, and nothing of what it waited for before: %o', async (waiting, noted) => {
    const { store, opened } = newUser()
    const { id } = await opened()
    await store.wait(id, { for: 'lock-time', until: now })
    await store.wait(id, { for: 'gas', shortfall: 9n })

    await store.wait(id, waiting)

    expect(await store.find(id)).toMatchObject({ state: 'open', ...noted })
  })

  test('locks a withdrawal only in the state the caller thinks', async () => {
    const { db, withdrawalsOf, store, opened } = newUser()
    const { id } = await opened()
    const lockBoth = () =>
      db.transaction().execute(async (trx) => {
        const own = withdrawalsOf(trx)
        return [await own.lock(id, 'open'), await own.lock(id, 'cancelling')]
      })

    const whenOpen = await lockBoth()
    await store.cancel({ id, digest: randomHash() })
    const whenCancelling = await lockBoth()

    expect(whenOpen).toMatchObject([{ id }, undefined])
    expect(whenCancelling).toMatchObject([undefined, { id }])
  })

  test('keeps what has to go back into the ledger', async () => {
    const { store, opened } = newUser()
    const { id } = await opened()

    await store.setRest(id, 3n)

    expect(await store.find(id)).toMatchObject({ rest: 3n })
    await expect(store.setRest(id, -1n)).rejects.toMatchObject({ code: '23514' })
  })

  test('turns a withdrawal back, once', async () => {
    const { store, user, opened } = newUser()
    const [digest, { id }] = [randomHash(), await opened()]
    await store.wait(id, { for: 'lock-time', until: later })

    const cancelled = await store.cancel({ id, digest })
    const again = await store.cancel({ id, digest: randomHash() })

    expect(cancelled).toMatchObject({ id, state: 'cancelling', waits_for: 'transaction', wait_until: null })
    expect(again).toBeUndefined()
    expect(await store.findCancelled({ user, digest })).toMatchObject({ id })
    expect(await store.findOpen(user)).toMatchObject({ id })
  })

  test('turns one withdrawal back for each signed request', async () => {
    const { store, opened } = newUser()
    const digest = randomHash()
    const first = await opened()
    await store.cancel({ id: first.id, digest })
    await store.end(first.id, 'cancelled')
    const second = await opened()

    const again = store.cancel({ id: second.id, digest })

    await expect(again).rejects.toSatisfy(isUniqueViolation)
    expect(await store.find(second.id)).toMatchObject({ state: 'open', cancel_digest: null })
  })

  test.each(['refund', 'payout'] as const)('does not turn back once a %s is under way', async (kind) => {
    const { store, journal, opened, addStep } = newUser()
    const { id } = await opened()
    const step = await addStep(id, kind)

    const whenPrepared = await store.cancel({ id, digest: randomHash() })
    await journal.markSent(step.id, 'broadcast')
    const whenSent = await store.cancel({ id, digest: randomHash() })

    expect([whenPrepared, whenSent]).toEqual([undefined, undefined])
    expect(await store.find(id)).toMatchObject({ state: 'open', cancel_digest: null })
  })

  test('turns back when what was to move the money has failed', async () => {
    const { store, journal, opened, addStep } = newUser()
    const { id } = await opened()
    await journal.endWithout((await addStep(id, 'refund')).id)

    expect(await store.cancel({ id, digest: randomHash() })).toMatchObject({ id, state: 'cancelling' })
  })

  test('turns back while money is only asked for', async () => {
    const { store, opened, addStep } = newUser()
    const { id } = await opened()
    await addStep(id, 'retrieve')

    expect(await store.cancel({ id, digest: randomHash() })).toMatchObject({ id, state: 'cancelling' })
  })

  test.each(['done', 'failed', 'cancelled'] as const)('ends as %s, waits for nothing and stays so', async (state) => {
    const { store, user, opened } = newUser()
    const { id } = await opened()
    await store.wait(id, { for: 'gas', shortfall: 9n })

    await store.end(id, state)
    for (const other of ['done', 'failed', 'cancelled'] as const) await store.end(id, other)
    await store.wait(id, { for: 'transaction' })
    await store.setRest(id, 3n)

    expect(await store.find(id)).toMatchObject({ state, waits_for: null, gas_shortfall: null, rest: 0n })
    expect(await store.findOpen(user)).toBeUndefined()
    expect(await store.cancel({ id, digest: randomHash() })).toBeUndefined()
  })

  test('lists those that are under way, oldest first', async () => {
    const users = [newUser(), newUser(), newUser()]
    const withdrawals = await Promise.all(users.map(({ opened }) => opened()))
    const [ended, ...underWay] = withdrawals.map(({ id }) => id).sort((a, b) => a - b)
    const { store } = newUser()
    await store.end(Number(ended), 'done')
    await store.cancel({ id: Number(underWay[0]), digest: randomHash() })

    const listed = (await store.listOpen()).map(({ id }) => id)

    expect(listed.filter((id) => withdrawals.some((withdrawal) => withdrawal.id === id))).toEqual(underWay)
  })
})
