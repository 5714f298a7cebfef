import { expect, test } from 'vitest'
import { isUniqueViolation } from '../../database/connect.ts'
import type { Hex } from '../../platform/hex.ts'
import { describeOnDatabases } from '../../testing/describe-on-databases.ts'
import { randomAddress, randomHash } from '../../testing/random-hex.ts'
import { createJournalStore, type NewTransaction } from './store.ts'

const now = new Date('2026-01-01T00:00:00.000Z')
const receiptOf = ({ hash }: { hash: Hex }, succeeded = true) => ({
  hash,
  succeeded,
  blockNumber: 12,
  gasUsed: 171_000n,
  effectiveGasPrice: 2n * 10n ** 9n,
})

describeOnDatabases('the journal store', (db) => {
  function newJournal() {
    const account = { user: randomAddress(), brokerAddress: randomAddress() }
    const deposit = (nonce: number): NewTransaction => ({
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
    return { store: createJournalStore(db()), account, deposit }
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

  test('binds a signed request to one transaction', async () => {
    const { store, account, deposit } = newJournal()
    const digest = randomHash()
    const [first, second] = [await store.append(deposit(0)), await store.append(deposit(1))]
    await store.appendDeposit({ user: account.user, digest, transactionId: first.id, now })

    const twice = store.appendDeposit({ user: account.user, digest, transactionId: second.id, now })

    await expect(twice).rejects.toSatisfy(isUniqueViolation)
  })
})
