import type { Address } from 'viem'
import { describe, expect, test } from 'vitest'
import { type Facts, nextStep, withdrawable } from './next-step.ts'

const dayMs = 86_400_000
const nowMs = 10 * dayMs

/** Somebody with 100 in the ledger, of which nothing is locked, who wants everything. */
function factsOf({ chain, ...facts }: Omit<Partial<Facts>, 'chain'> & { chain?: Partial<Facts['chain']> } = {}): Facts {
  return {
    isCancelling: false,
    amount: undefined,
    rest: 0n,
    hasRefunded: false,
    payout: undefined,
    hasDepositedRest: false,
    failures: 0,
    chain: { wallet: 20n, ledger: { available: 100n, total: 100n }, subAccounts: [], blockTimeMs: nowMs, ...chain },
    lockTimeMs: dayMs,
    minimumDeposit: 30n,
    gasReserve: { toGoOn: 15n, toLeave: 10n },
    unrestorable: new Set(),
    ...facts,
  }
}

const providerOf = (number: number): Address => `0x${String(number).padStart(40, '0')}`

type SubAccount = Facts['chain']['subAccounts'][number]

/** One at provider 1 with 50, of which nothing is asked back. */
function subAccountOf(account: Partial<SubAccount> = {}): SubAccount {
  return { provider: providerOf(1), balance: 50n, pendingRefund: 0n, refunds: [], generation: 0, ...account }
}

/** All of it asked back some time ago. */
const askedBack = (agoMs: number, number = 1) =>
  subAccountOf({
    provider: providerOf(number),
    pendingRefund: 50n,
    refunds: [{ amount: 50n, createdAtMs: nowMs - agoMs }],
  })

describe('everything', () => {
  test('is refunded, then paid', () => {
    expect(nextStep(factsOf())).toEqual({ do: 'refund', amount: 100n, rest: 0n })
    expect(nextStep(factsOf({ chain: { ledger: { available: 0n, total: 0n } } }))).toEqual({
      do: 'pay',
      amount: undefined,
    })
    expect(nextStep(factsOf({ chain: { ledger: undefined } }))).toEqual({ do: 'pay', amount: undefined })
  })

  test('is refunded again when more has come in after the first refund', () => {
    expect(nextStep(factsOf({ hasRefunded: true }))).toEqual({ do: 'refund', amount: 100n, rest: 0n })
  })

  test('asks first for what is locked, twenty providers at a time', () => {
    const subAccounts = Array.from({ length: 23 }, (_, index) => subAccountOf({ provider: providerOf(index) }))

    expect(nextStep(factsOf({ chain: { subAccounts } }))).toEqual({
      do: 'retrieve',
      providers: subAccounts.slice(0, 20).map(({ provider }) => provider),
    })
  })

  test('passes over sub-accounts that are empty', () => {
    const chain = { subAccounts: [subAccountOf({ balance: 0n })] }

    expect(nextStep(factsOf({ chain }))).toMatchObject({ do: 'refund' })
  })

  test('waits for the soonest of what was asked for, and fetches it to the millisecond', () => {
    const subAccounts = [askedBack(dayMs - 1), askedBack(dayMs / 2, 2)]

    expect(nextStep(factsOf({ chain: { subAccounts } }))).toEqual({ do: 'wait', untilMs: nowMs + 1 })
    expect(nextStep(factsOf({ chain: { subAccounts, blockTimeMs: nowMs + 1 } }))).toEqual({
      do: 'retrieve',
      providers: [providerOf(1)],
    })
  })

  test('waits as long as the contract says now, not as it said when it was asked', () => {
    const chain = { subAccounts: [askedBack(dayMs)] }

    expect(nextStep(factsOf({ chain, lockTimeMs: 2 * dayMs }))).toEqual({ do: 'wait', untilMs: nowMs + dayMs })
  })

  test('does not ask a provider where five refunds are under way for a sixth one', () => {
    const refunds = Array.from({ length: 5 }, (_, index) => ({ amount: 1n, createdAtMs: nowMs - index }))
    const full = subAccountOf({ pendingRefund: 5n, refunds })

    expect(nextStep(factsOf({ chain: { subAccounts: [full] } }))).toEqual({ do: 'wait', untilMs: nowMs - 4 + dayMs })
  })
})

describe('an amount', () => {
  test('comes from the wallet as far as that holds more than is needed to go on', () => {
    expect(nextStep(factsOf({ amount: 5n }))).toEqual({ do: 'pay', amount: 5n })
    expect(nextStep(factsOf({ amount: 6n }))).toEqual({ do: 'refund', amount: 1n, rest: 0n })
  })

  test('takes of the gas money to go on with only what the ledger lacks', () => {
    const chain = { ledger: { available: 40n, total: 40n } }

    expect(nextStep(factsOf({ amount: 45n, chain }))).toEqual({ do: 'refund', amount: 40n, rest: 0n })
    expect(nextStep(factsOf({ amount: 50n, chain }))).toEqual({ do: 'refund', amount: 40n, rest: 0n })
    expect(nextStep(factsOf({ amount: 8n, chain: { ledger: undefined } }))).toEqual({ do: 'pay', amount: 8n })
  })

  test('takes along what the contract would not keep', () => {
    expect(nextStep(factsOf({ amount: 75n }))).toEqual({ do: 'refund', amount: 70n, rest: 0n })
    expect(nextStep(factsOf({ amount: 76n }))).toEqual({ do: 'refund', amount: 100n, rest: 29n })
  })

  test('leaves what is locked alone when it need not be touched', () => {
    const chain = { subAccounts: [subAccountOf()], ledger: { available: 100n, total: 150n } }

    expect(nextStep(factsOf({ amount: 90n, chain }))).toMatchObject({ do: 'refund' })
    expect(nextStep(factsOf({ amount: 130n, chain }))).toMatchObject({ do: 'retrieve' })
  })

  test('that is not there any more is paid as far as there is something', () => {
    expect(nextStep(factsOf({ amount: 500n }))).toEqual({ do: 'refund', amount: 100n, rest: 0n })
    expect(nextStep(factsOf({ amount: 500n, hasRefunded: true }))).toEqual({ do: 'pay', amount: 500n })
  })
})

describe('after the payout', () => {
  const paid = { amount: 80n, payout: 'confirmed', hasRefunded: true, rest: 25n } as const

  test('the rest goes back into a ledger that is still there, without the gas money to leave with', () => {
    expect(nextStep(factsOf({ ...paid, chain: { wallet: 100n } }))).toEqual({ do: 'deposit', amount: 25n })
    expect(nextStep(factsOf({ ...paid, chain: { wallet: 30n } }))).toEqual({ do: 'deposit', amount: 20n })
    expect(nextStep(factsOf({ ...paid, chain: { wallet: 10n } }))).toEqual({ do: 'end', state: 'done' })
  })

  test('the rest stays in the wallet when the ledger is gone', () => {
    expect(nextStep(factsOf({ ...paid, chain: { wallet: 100n, ledger: undefined } }))).toMatchObject({ do: 'end' })
  })

  test('it is done once the rest is back, and when a refund that was to bring a rest has failed', () => {
    const chain = { wallet: 100n }

    expect(nextStep(factsOf({ ...paid, chain, hasDepositedRest: true }))).toEqual({ do: 'end', state: 'done' })
    expect(nextStep(factsOf({ ...paid, chain, hasRefunded: false }))).toEqual({ do: 'end', state: 'done' })
  })

  test('it is done, and not failed, though the rest cannot be put back', () => {
    expect(nextStep(factsOf({ ...paid, chain: { wallet: 100n }, failures: 5 }))).toEqual({ do: 'end', state: 'done' })
  })

  test('that failed it has failed', () => {
    expect(nextStep(factsOf({ payout: 'failed' }))).toEqual({ do: 'end', state: 'failed' })
  })
})

test('nobody tries for ever', () => {
  expect(nextStep(factsOf({ failures: 4 }))).toMatchObject({ do: 'refund' })
  expect(nextStep(factsOf({ failures: 5 }))).toEqual({ do: 'end', state: 'failed' })
  expect(nextStep(factsOf({ isCancelling: true, failures: 5 }))).toEqual({ do: 'end', state: 'cancelled' })
})

test('cancelling takes back what was asked for, one provider after the other, but for those that are gone', () => {
  const chain = { subAccounts: [askedBack(1), subAccountOf({ provider: providerOf(2) }), askedBack(2, 3)] }
  const cancelling = { isCancelling: true, chain }

  expect(nextStep(factsOf(cancelling))).toEqual({ do: 'restore', provider: providerOf(1), amount: 50n })
  expect(nextStep(factsOf({ ...cancelling, unrestorable: new Set([providerOf(1)]) }))).toEqual({
    do: 'restore',
    provider: providerOf(3),
    amount: 50n,
  })
  expect(nextStep(factsOf({ isCancelling: true }))).toEqual({ do: 'end', state: 'cancelled' })
})

test('what can be withdrawn is the balance and what the wallet holds beyond the gas money, never below nothing', () => {
  expect(withdrawable({ wallet: 20n, balance: 100n }, 10n)).toBe(110n)
  expect(withdrawable({ wallet: 5n, balance: 100n }, 10n)).toBe(100n)
  expect(withdrawable({ wallet: 5n, balance: -3n }, 10n)).toBe(0n)
})
