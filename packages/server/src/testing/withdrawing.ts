import { expect } from 'vitest'
import { sum } from '../platform/neuron.ts'
import { readChainBooks } from './chain-books.ts'
import type { Row, TestServer } from './test-server.ts'
import type { TestUser } from './test-user.ts'

/** How long what is asked back waits on the local network. */
export const lockTimeMs = 24 * 3_600_000

/** Moves the chain past the lock time of all that was asked back so far. */
export async function passLockTime({ devnet }: Pick<TestServer, 'devnet'>): Promise<void> {
  await devnet.testClient.increaseTime({ seconds: lockTimeMs / 1_000 })
  await devnet.testClient.mine({ blocks: 1 })
}

/** What the background does every ten seconds. */
export async function carryOn({ context }: Pick<TestServer, 'context'>): Promise<void> {
  await context.resumeTransactions()
  await context.withdrawals.resume()
}

/** What a user owns, on chain and to the neuron. `own` is what they hold themselves. */
export async function readHoldings({ devnet }: Pick<TestServer, 'devnet'>, user: TestUser) {
  const books = await readChainBooks(devnet, user.brokerAddress)
  const own = await devnet.publicClient.getBalance({ address: user.address })
  return { ...books, own, locked: books.total - books.available, everything: own + books.wallet + books.total }
}

/** What the steps of all withdrawals have cost in gas. */
export async function gasOfWithdrawals(server: TestServer, user: TestUser): Promise<bigint> {
  const steps = await listSteps(server, user)
  return sum(steps.map((row) => BigInt(String(row.gas_used ?? 0)) * BigInt(String(row.effective_gas_price ?? 0))))
}

/** The transactions of withdrawals, oldest first. */
export async function listSteps(server: TestServer, user: TestUser): Promise<Row[]> {
  const rows = await server.rows('chain_transaction', user)
  return rows.filter((row) => row.withdrawal_id !== null).sort((a, b) => Number(a.nonce) - Number(b.nonce))
}

/** Kind and state of every step, oldest first; the state is left out where it is `confirmed`. */
export async function describeSteps(server: TestServer, user: TestUser): Promise<string[]> {
  const steps = await listSteps(server, user)
  return steps.map(({ kind, state }) => (state === 'confirmed' ? String(kind) : `${kind} ${state}`))
}

/**
 * Checks that all `before` is still the user's, but for gas and the fees that providers took: what the broker account has
 * lost is in the user's own wallet.
 */
export async function expectConserved(options: {
  server: TestServer
  user: TestUser
  before: { everything: bigint }
  feesTaken?: bigint
}): Promise<void> {
  const { server, user, before, feesTaken = 0n } = options
  const after = await readHoldings(server, user)
  expect(after.everything + (await gasOfWithdrawals(server, user)) + feesTaken).toBe(before.everything)
}
