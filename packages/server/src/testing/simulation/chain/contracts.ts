import type { Address } from 'viem'
import type { ChainSubAccount, Move } from '../../../chain/reader.ts'
import { least, sum } from '../../../platform/neuron.ts'
import { callGas, deletedSubAccountGas, type Gas, plus, refusedGas, times } from './gas.ts'
import { retrieveAt } from './retrieve.ts'
import type { Ledger } from './state.ts'

// LedgerManager and InferenceServing v1.0, as far as a broker account and a provider call them.

/** What the contracts are set up with. */
export type Rules = { minimumDeposit: bigint; minimumTransfer: bigint; lockTimeMs: number }

/** What a call does. `paidOut` goes from the ledger to the caller's wallet. */
export type Outcome =
  | { done: true; ledger: Ledger | undefined; paidOut: bigint; moves: readonly Move[]; gas: Gas }
  | { done: false; error: string; gasUsed: bigint }

export const noMoves: readonly Move[] = []

const providersOfUser = 50
const providersAtOnce = 20

export function refuse(error: string, gasUsed: bigint = refusedGas.call): Outcome {
  return { done: false, error, gasUsed }
}

/** depositFund, and depositFundFor of somebody else. */
export function deposit(ledger: Ledger | undefined, amount: bigint, { minimumDeposit }: Rules): Outcome {
  if (amount === 0n) return refuse('ZeroAmountNotAllowed')
  if (ledger) {
    const { available, total, subAccounts } = ledger
    const richer = { available: available + amount, total: total + amount, subAccounts }
    return { done: true, ledger: richer, paidOut: 0n, moves: noMoves, gas: callGas.deposit }
  }
  if (amount < minimumDeposit) return refuse('MinimumDepositRequired')
  const opened = { available: amount, total: amount, subAccounts: [] }
  return { done: true, ledger: opened, paidOut: 0n, moves: noMoves, gas: callGas.firstDeposit }
}

/** transferFund: takes back what was asked back, newest first, and moves only what is beyond that. */
export function transfer(
  ledger: Ledger | undefined,
  call: { broker: Address; provider: Address; amount: bigint },
  { minimumTransfer }: Rules,
): Outcome {
  if (!ledger) return refuse('LedgerNotExists')
  const { broker, provider, amount } = call
  const { available, total, subAccounts } = ledger
  const index = subAccounts.findIndex((item) => item.provider === provider)
  const seen = subAccounts[index]
  if (!seen) {
    if (amount < minimumTransfer) return refuse('MinimumDepositRequired', refusedGas.transferTooSmall)
    if (subAccounts.length >= providersOfUser) return refuse('TooManyProvidersForService', refusedGas.newTransfer)
    if (available < amount) return refuse('InsufficientAvailableBalance', refusedGas.newTransfer)
    // InferenceServing says ProviderCannotBeUser, which LedgerManager swallows.
    if (provider === broker) return refuse('CallFailed', refusedGas.newTransfer)
    const opened = { provider, balance: amount, pendingRefund: 0n, refunds: [], generation: 0 }
    return {
      done: true,
      ledger: { available: available - amount, total, subAccounts: [...subAccounts, opened] },
      paidOut: 0n,
      moves: [{ provider, moved: amount, left: amount }],
      gas: subAccounts.length === 0 ? callGas.firstTransfer : callGas.newTransfer,
    }
  }
  const restored = least(amount, seen.pendingRefund)
  const moved = amount - restored
  if (available < moved) return refuse('InsufficientAvailableBalance', refusedGas.topUp)
  const left = seen.balance + moved
  const filled = {
    ...seen,
    balance: left,
    pendingRefund: seen.pendingRefund - restored,
    refunds: restored === 0n ? seen.refunds : withoutNewest(seen.refunds, restored),
  }
  return {
    done: true,
    ledger: { available: available - moved, total, subAccounts: withItem(subAccounts, index, filled) },
    paidOut: 0n,
    moves: [{ provider, moved, left }],
    gas: seen.balance === 0n ? callGas.refillEmpty : callGas.topUp,
  }
}

/** retrieveFund: pays what was asked for long enough ago into the ledger, then asks for all the rest. */
export function retrieve(
  ledger: Ledger | undefined,
  call: { providers: readonly Address[]; nowMs: number },
  { lockTimeMs }: Rules,
): Outcome {
  const { providers, nowMs } = call
  if (providers.length > providersAtOnce) return refuse('TooManyProviders')
  if (!ledger) return refuse('LedgerNotExists')
  let { available, subAccounts } = ledger
  let gas: Gas = callGas.retrieve
  const moves: Move[] = []
  for (const provider of providers) {
    const index = subAccounts.findIndex((item) => item.provider === provider)
    const retrieved = retrieveAt(subAccounts[index], nowMs, lockTimeMs)
    gas = plus(gas, retrieved.gas)
    if (retrieved.error) return refuse(retrieved.error, gas.used)
    const { paid, subAccount } = retrieved
    if (!subAccount) continue
    subAccounts = withItem(subAccounts, index, subAccount)
    if (paid === 0n) continue
    available += paid
    moves.push({ provider, moved: -paid, left: subAccount.balance })
  }
  return { done: true, ledger: { available, total: ledger.total, subAccounts }, paidOut: 0n, moves, gas }
}

/** refund: pays from the ledger to the wallet; one that is empty then is deleted, with its sub-accounts. */
export function refund(ledger: Ledger | undefined, amount: bigint, { minimumDeposit }: Rules): Outcome {
  if (!ledger) return refuse('LedgerNotExists')
  const available = ledger.available - amount
  if (available < 0n) return refuse('InsufficientBalance')
  if (available > 0n && available < minimumDeposit) return refuse('MinimumDepositRequired')
  const total = ledger.total - amount
  if (total > 0n) {
    const { subAccounts } = ledger
    const rest = { available, total, subAccounts }
    return { done: true, ledger: rest, paidOut: amount, moves: noMoves, gas: callGas.refund }
  }
  const gas = plus(callGas.lastRefund, times(deletedSubAccountGas, ledger.subAccounts.length))
  return { done: true, ledger: undefined, paidOut: amount, moves: noMoves, gas }
}

/** What a provider takes by a settlement over `fee`: no more than there is, pending refunds too, the newest first. */
export function settle(
  ledger: Ledger | undefined,
  { provider, fee }: { provider: Address; fee: bigint },
): { ledger: Ledger; move: Move } | undefined {
  const index = ledger?.subAccounts.findIndex((item) => item.provider === provider) ?? -1
  const seen = ledger?.subAccounts[index]
  if (!ledger || !seen) return undefined
  const taken = least(fee, seen.balance)
  if (taken === 0n) return undefined
  const left = seen.balance - taken
  const ofRefunds = left < seen.pendingRefund ? seen.pendingRefund - left : 0n
  const settled = {
    ...seen,
    balance: left,
    pendingRefund: seen.pendingRefund - ofRefunds,
    refunds: ofRefunds === 0n ? seen.refunds : withoutNewest(seen.refunds, ofRefunds),
  }
  return {
    ledger: {
      available: ledger.available,
      total: ledger.total - taken,
      subAccounts: withItem(ledger.subAccounts, index, settled),
    },
    move: { provider, moved: -taken, left },
  }
}

/** What is left of refunds when the newest lose `amount`. */
function withoutNewest(refunds: ChainSubAccount['refunds'], amount: bigint): ChainSubAccount['refunds'] {
  const kept = refunds.slice()
  let missing = amount
  while (missing > 0n) {
    const newest = kept.pop()
    if (!newest) throw new Error(`Refunds of ${sum(refunds.map((item) => item.amount))} cannot lose ${amount}`)
    if (newest.amount > missing) kept.push({ ...newest, amount: newest.amount - missing })
    missing -= least(newest.amount, missing)
  }
  return kept
}

function withItem(subAccounts: ChainSubAccount[], index: number, item: ChainSubAccount): ChainSubAccount[] {
  const copy = subAccounts.slice()
  copy[index] = item
  return copy
}
