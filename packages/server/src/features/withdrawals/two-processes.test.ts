import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Seams } from '../../context.ts'
import { howToStartPostgres } from '../../testing/test-databases.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { createJournalStore } from '../funding/store.ts'

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.close())
beforeEach(({ skip }) => {
  if (!network.databases.hasPostgres) skip(howToStartPostgres)
})

const receipt = 'eth_getTransactionReceipt'

describe('two processes that carry on one withdrawal', () => {
  test('pay once, though one began while the other had just sent the payout', async () => {
    const gap = createGap()
    await using one = await startTestServer({ network, database: 'postgres', seams: { journalOf: gap.journalOf } })
    await using other = await startTestServer({ network, place: one.place, clock: one.clock })
    const user = await userWithMoney(one)
    gap.fill(() => sendPayout(other))

    const { status, body } = await user.withdraw('1')

    expect(status).toBe(200)
    expect(body.withdrawal).toMatchObject({ state: 'done', paid: '1' })
    expect(await payouts(one)).toMatchObject([{ state: 'confirmed', amount: parseOg('1') }])
  })

  test('end it as paid, though one found the money gone that the other was just paying', async () => {
    await using one = await startTestServer({ network, database: 'postgres' })
    await using other = await startTestServer({ network, place: one.place, clock: one.clock })
    const user = await userWithMoney(one)
    let isOpen = false
    one.rpc.watch(async (methods) => {
      // The first look at the chain after the withdrawal stands in the database.
      if (isOpen || !methods.includes('eth_gasPrice')) return
      isOpen = (await one.rows('withdrawal')).length > 0
      if (isOpen) await sendPayout(other)
    })

    const { status, body } = await user.withdraw('all')

    expect(status).toBe(200)
    expect(body.withdrawal).toMatchObject({ state: 'done' })
    expect(await payouts(one)).toMatchObject([{ state: 'confirmed' }])
  })
})

/** A user whose money is still at the broker address: a withdrawal of it is a payout and nothing else. */
async function userWithMoney(server: TestServer) {
  const user = await server.newUser()
  await user.pay(user.brokerAddress, parseOg('5'))
  return user
}

/** Lets `server` pay what is open; it never learns that it was mined. */
async function sendPayout(server: TestServer): Promise<void> {
  server.rpc.loseAnswers(receipt)
  await server.context.withdrawals.resume()
  expect(await payouts(server)).toMatchObject([{ state: 'broadcast' }])
}

const payouts = async (server: TestServer) =>
  (await server.rows('chain_transaction')).filter(({ kind }) => kind === 'payout')

/** What another process does once, right after this one has found that nothing is open while a withdrawal is. */
function createGap() {
  let work: (() => Promise<void>) | undefined
  const journalOf: Seams['journalOf'] = (db) => {
    const store = createJournalStore(db)
    return {
      ...store,
      async findOpen(user) {
        const open = await store.findOpen(user)
        const now = work
        if (open || !now || !(await store.hasOpenWithdrawal(user))) return open
        work = undefined
        await now()
        return undefined
      },
    }
  }
  return {
    journalOf,
    fill: (others: () => Promise<void>): void => {
      work = others
    },
  }
}
