import { formatOg } from '@dreamscape/protocol/money'
import { expect } from 'vitest'
import { readChainBooks } from './chain-books.ts'
import type { TestServer } from './test-server.ts'
import type { TestUser } from './test-user.ts'

/** Checks that the user's balance, as told and as booked, is what the chain and the providers say, and that nothing is held. */
export async function expectExactBooks({ devnet, context }: TestServer, user: TestUser): Promise<void> {
  const { total, unsettled } = await readChainBooks(devnet, user.brokerAddress)
  const { body } = await user.balance()
  expect(body).toMatchObject({ balance: String(total - unsettled), unsettled: formatOg(unsettled), reserved: '0' })
  expect(await context.broker.findBalance(user.address, context.db)).toBe(total - unsettled)
}
