import { expect, test } from 'vitest'
import { describeOnDatabases } from '../../testing/describe-on-databases.ts'
import { randomAddress, randomHash } from '../../testing/random-hex.ts'
import { createSignedRequestStore } from './store.ts'

const now = new Date('2026-01-01T00:00:00.000Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1_000)
const sealed = (text: string) => Uint8Array.from(Buffer.from(text))

describeOnDatabases('the store of signed requests', (db) => {
  /** A request that was claimed once, under a lease of a minute. */
  async function claimed() {
    const store = createSignedRequestStore(db())
    const key = { address: randomAddress(), digest: randomHash(), runId: 'first' }
    const request = { ...key, bodyHash: 'body', now, leaseUntil: later(60) }
    await store.claim(request)
    return { store, key, request }
  }

  test('lets a new request in once', async () => {
    const { store, request } = await claimed()

    const second = await store.claim(request)

    expect(second).toBeUndefined()
  })

  test('lets one of many claims at once in', async () => {
    const store = createSignedRequestStore(db())
    const request = {
      address: randomAddress(),
      digest: randomHash(),
      runId: 'first',
      bodyHash: 'body',
      now,
      leaseUntil: later(60),
    }

    const claims = await Promise.all(Array.from({ length: 10 }, () => store.claim(request)))

    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1)
  })

  test('lets the same digest of another address in', async () => {
    const { store, request } = await claimed()

    const other = await store.claim({ ...request, address: randomAddress() })

    expect(other).toBeDefined()
  })

  test('lets a released request in again, with the same body only', async () => {
    const { store, key, request } = await claimed()
    await store.release(key)

    const otherBody = await store.claim({ ...request, bodyHash: 'another' })
    const sameBody = await store.claim(request)

    expect(otherBody).toBeUndefined()
    expect(sameBody).toBeDefined()
  })

  test('lets another runner in after the lease has ended, not before', async () => {
    const { store, request } = await claimed()

    const atTheEnd = await store.claim({ ...request, now: later(60), leaseUntil: later(120) })
    const after = await store.claim({ ...request, now: later(60.001), leaseUntil: later(120) })

    expect(atTheEnd).toBeUndefined()
    expect(after).toBeDefined()
  })

  test('lets a run that was taken over neither release nor finish the request', async () => {
    const { store, key, request } = await claimed()
    await store.claim({ ...request, runId: 'second', now: later(61), leaseUntil: later(120) })

    await store.release(key)
    const late = await store.finish(key, sealed('late'))
    const kept = await store.finish({ ...key, runId: 'second' }, sealed('kept'))

    expect(late).toBeUndefined()
    expect(kept).toBeDefined()
    expect(Buffer.from((await store.find(key))?.answer ?? []).toString()).toBe('kept')
  })

  test('keeps the first answer, whatever comes after', async () => {
    const { store, key, request } = await claimed()
    await store.finish(key, sealed('first'))

    await store.finish(key, sealed('second'))
    await store.release(key)
    const again = await store.claim({ ...request, now: later(3_600), leaseUntil: later(3_660) })

    const row = await store.find(key)
    expect(row?.state).toBe('final')
    expect(Buffer.from(row?.answer ?? []).toString()).toBe('first')
    expect(again).toBeUndefined()
  })

  test('gives bytes back as they were', async () => {
    const { store, key } = await claimed()
    const every = Uint8Array.from({ length: 256 }, (_, index) => index)

    await store.finish(key, every)

    expect(Uint8Array.from((await store.find(key))?.answer ?? [])).toEqual(every)
  })

  test('finds nothing of a request that never came', async () => {
    const store = createSignedRequestStore(db())

    expect(await store.find({ address: randomAddress(), digest: randomHash() })).toBeUndefined()
  })

  test('forgets what is older than a date, and nothing younger', async () => {
    const { store, key, request } = await claimed()
    const younger = { ...request, digest: randomHash(), now: later(1) }
    await store.claim(younger)

    await store.removeOlderThan(later(1))

    expect(await store.find(key)).toBeUndefined()
    expect(await store.find(younger)).toBeDefined()
  })
})
