import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { isUniqueViolation } from '../../database/connect.ts'
import type { Hex } from '../../platform/hex.ts'
import { describeOnDatabases, describeOnStores } from '../../testing/describe-on-databases.ts'
import { randomAddress, randomHash } from '../../testing/random-hex.ts'
import { createJournalStore, type NewTransaction } from './store.ts'

const now = new Date('2026-01-01T00:00:00.000Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1_000)
/** More than 2^64 and more than any float holds. */
const huge = 10n ** 60n + 1n
const receiptOf = ({ hash }: { hash: Hex }, succeeded = true) => ({
  hash,
  succeeded,
  blockNumber: 12,
  gasUsed: 171_000n,
  effectiveGasPrice: 2n * 10n ** 9n,
})

const newAccount = () => ({ user: randomAddress(), brokerAddress: randomAddress() })
const newDeposit = (account: ReturnType<typeof newAccount>, nonce: number): NewTransaction => ({
  ...account,
  nonce,
  kind: 'deposit',
  provider: null,
  amount: 4n * 10n ** 18n,
  raw: randomHash(),
  hash: randomHash(),
  withdrawalId: null,
  sightings: [],
  now,
})

describeOnStores('the journal store', (stores) => {
  function newJournal() {
    const account = newAccount()
    const deposit = (nonce: number) => newDeposit(account, nonce)
    const { db, journalOf, withdrawalsOf } = stores()
    return { store: journalOf(db), withdrawals: withdrawalsOf(db), account, deposit }
  }

  test('counts nonces from 0 and on from the last one', async () => {
    const { store, account, deposit } = newJournal()

    const first = await store.nextNonce(account.brokerAddress)
    await store.append(deposit(0))
    await store.append(deposit(7))

    expect(first).toBe(0)
    expect(await store.nextNonce(account.brokerAddress)).toBe(8)
  })

  test('takes one transaction for each nonce of an account', async () => {
    const { store, deposit } = newJournal()
    await store.append(deposit(0))

    const second = store.append(deposit(0))

    await expect(second).rejects.toSatisfy(isUniqueViolation)
  })

  test('finds the oldest open transaction of a user, and none once all have ended', async () => {
    const { store, account, deposit } = newJournal()
    const first = await store.append(deposit(0))
    const second = await store.append(deposit(1))

    const whenBothAreOpen = await store.findOpen(account.user)
    await store.end(first.id, receiptOf(first))
    const whenOneIsOpen = await store.findOpen(account.user)
    await store.end(second.id, receiptOf(second, false))

    expect(whenBothAreOpen?.id).toBe(first.id)
    expect(whenOneIsOpen?.id).toBe(second.id)
    expect(await store.findOpen(account.user)).toBeUndefined()
  })

  test('ends a transaction once, so that its effects are booked once', async () => {
    const { store, deposit } = newJournal()
    const entry = await store.append(deposit(0))

    const ends = await Promise.all(Array.from({ length: 5 }, () => store.end(entry.id, receiptOf(entry))))

    expect(ends.filter((ended) => ended !== undefined)).toHaveLength(1)
    expect(await store.find(entry.id)).toMatchObject({
      state: 'confirmed',
      block_number: 12,
      gas_used: 171_000n,
      effective_gas_price: 2_000_000_000n,
    })
  })

  test('keeps an ended transaction ended', async () => {
    const { store, deposit } = newJournal()
    const entry = await store.append(deposit(0))
    await store.end(entry.id, receiptOf(entry, false))

    const again = await store.end(entry.id, receiptOf(entry))

    expect(again).toBeUndefined()
    expect(await store.find(entry.id)).toMatchObject({ state: 'failed' })
  })

  test('finds the transaction of a signed request', async () => {
    const { store, account, deposit } = newJournal()
    const digest = randomHash()
    const entry = await store.append(deposit(0))

    await store.appendDeposit({ user: account.user, digest, transactionId: entry.id, now })

    expect(await store.findDeposit({ user: account.user, digest })).toMatchObject({ id: entry.id, hash: entry.hash })
    expect(await store.findDeposit({ user: randomAddress(), digest })).toBeUndefined()
  })

  test('replaces an open transaction by a dearer form, and tells all of its forms, newest first', async () => {
    const { store, deposit } = newJournal()
    const entry = await store.append(deposit(0))
    const dearer = { raw: randomHash(), hash: randomHash(), now: later(30) }

    const replaced = await store.replace(entry, dearer)

    expect(replaced).toMatchObject({ id: entry.id, raw: dearer.raw, hash: dearer.hash })
    expect(await store.listAttempts(entry.id)).toEqual([
      { raw: dearer.raw, hash: dearer.hash, created_at: dearer.now },
      { raw: entry.raw, hash: entry.hash, created_at: now },
    ])
  })

  test('keeps hash and bytes of the form that was mined, whichever it was', async () => {
    const { store, deposit } = newJournal()
    const entry = await store.append(deposit(0))
    await store.replace(entry, { raw: randomHash(), hash: randomHash(), now: later(30) })

    const ended = await store.end(entry.id, receiptOf(entry))

    expect(ended).toMatchObject({ state: 'confirmed', hash: entry.hash, raw: entry.raw })
  })

  test('replaces nothing that was replaced or ended meanwhile', async () => {
    const { store, deposit } = newJournal()
    const attempt = () => ({ raw: randomHash(), hash: randomHash(), now })
    const [first, second] = [await store.append(deposit(0)), await store.append(deposit(1))]
    await store.replace(first, attempt())
    await store.end(second.id, receiptOf(second))

    expect(await store.replace(first, attempt())).toBeUndefined()
    expect(await store.replace(second, attempt())).toBeUndefined()
    expect(await store.listAttempts(first.id)).toHaveLength(2)
    expect(await store.listAttempts(second.id)).toHaveLength(1)
  })

  test.each([
    ['prepared', 'unknown', 'unknown'],
    ['unknown', 'broadcast', 'broadcast'],
    ['broadcast', 'unknown', 'broadcast'],
    ['failed', 'broadcast', 'failed'],
  ] as const)('notes of a %s transaction that it was %s: %s', async (before, state, after) => {
    const { store, deposit } = newJournal()
    const { id } = await store.append(deposit(0))
    if (before === 'failed') await store.endWithout(id)
    else if (before !== 'prepared') await store.markSent(id, before)

    await store.markSent(id, state)

    expect(await store.find(id)).toMatchObject({ state: after })
  })

  test('lists what is open, oldest first', async () => {
    const { store, account, deposit } = newJournal()
    const entries = [await store.append(deposit(5)), await store.append(deposit(3)), await store.append(deposit(4))]
    await store.endWithout(Number(entries[1]?.id))

    const open = (await store.listOpen()).filter((entry) => entry.user_address === account.user)

    expect(open.map(({ nonce }) => nonce)).toEqual([5, 4])
  })

  describe('of a withdrawal', () => {
    async function newWithdrawal() {
      const journal = newJournal()
      const { user } = journal.account
      const withdrawal = await journal.withdrawals.create({ user, digest: randomHash(), amount: null, now })
      const withdrawalId = Number(withdrawal?.id)
      const step = (nonce: number, kind: 'retrieve' | 'refund' | 'payout') => ({
        ...journal.deposit(nonce),
        kind,
        amount: kind === 'retrieve' ? 0n : 4n,
        withdrawalId,
      })
      return { ...journal, user, withdrawalId, step }
    }

    test('lists its steps and nobody else’s, by nonce', async () => {
      const { store, withdrawalId, step, deposit } = await newWithdrawal()
      await store.append(deposit(0))
      await store.append(step(7, 'refund'))
      await store.append(step(6, 'retrieve'))

      const steps = await store.listOfWithdrawal(withdrawalId)

      expect(steps).toMatchObject([
        { nonce: 6, kind: 'retrieve', withdrawal_id: withdrawalId },
        { nonce: 7, kind: 'refund', withdrawal_id: withdrawalId },
      ])
    })

    test('keeps what its sub-accounts held before, by provider', async () => {
      const { store, step } = await newWithdrawal()
      // The order of JavaScript, in which they are signed: capitals first.
      const [first, second] = [
        '0x00000000000000000000000000000000000000B0',
        '0x00000000000000000000000000000000000000a0',
      ] as const
      const sightings = [
        { provider: second, balance: huge, blockNumber: 11 },
        { provider: first, balance: 0n, blockNumber: 12 },
      ]

      const entry = await store.append({ ...step(0, 'retrieve'), sightings })
      const other = await store.append(step(1, 'retrieve'))

      expect(await store.listSightings(entry.id)).toEqual([
        { provider: first, balance: 0n, block_number: 12 },
        { provider: second, balance: huge, block_number: 11 },
      ])
      expect(await store.listSightings(other.id)).toEqual([])
    })

    test('keeps one sighting of each sub-account', async () => {
      const { store, step } = await newWithdrawal()
      const sighting = { provider: randomAddress(), balance: 1n, blockNumber: 11 }

      const twice = store.append({ ...step(0, 'retrieve'), sightings: [sighting, sighting] })

      await expect(twice).rejects.toSatisfy(isUniqueViolation)
    })

    test.each(['refund', 'payout'] as const)('takes no %s of nothing', async (kind) => {
      const { store, step } = await newWithdrawal()

      const append = store.append({ ...step(0, kind), amount: 0n })

      await expect(append).rejects.toMatchObject({ code: '23514' })
    })

    test('knows whether one is open, also while it is turned back', async () => {
      const { store, withdrawals, user, withdrawalId } = await newWithdrawal()

      const whenOpen = await store.hasOpenWithdrawal(user)
      await withdrawals.cancel({ id: withdrawalId, digest: randomHash() })
      const whenCancelling = await store.hasOpenWithdrawal(user)
      await withdrawals.end(withdrawalId, 'cancelled')
      const whenEnded = await store.hasOpenWithdrawal(user)

      expect([whenOpen, whenCancelling, whenEnded]).toEqual([true, true, false])
      expect(await store.hasOpenWithdrawal(randomAddress())).toBe(false)
    })
  })

  test('binds a signed request to one transaction', async () => {
    const { store, account, deposit } = newJournal()
    const digest = randomHash()
    const [first, second] = [await store.append(deposit(0)), await store.append(deposit(1))]
    await store.appendDeposit({ user: account.user, digest, transactionId: first.id, now })

    const twice = store.appendDeposit({ user: account.user, digest, transactionId: second.id, now })

    await expect(twice).rejects.toSatisfy(isUniqueViolation)
  })
})

describeOnDatabases('the journal store in a database that sorts as people do', (db) => {
  test('lists sightings in the order in which their providers were signed', async () => {
    const providers = [
      '0x00000000000000000000000000000000000000B0',
      '0x00000000000000000000000000000000000000a0',
    ] as const
    const sightings = providers.map((provider) => ({ provider, balance: 1n, blockNumber: 11 }))
    await sql`alter table sighting alter column provider type text collate "und-x-icu"`.execute(db())
    const store = createJournalStore(db())
    const { id } = await store.append({ ...newDeposit(newAccount(), 0), kind: 'retrieve', sightings })

    const listed = await store.listSightings(id)

    expect(listed.map(({ provider }) => provider)).toEqual([...providers].sort())
  })
})
