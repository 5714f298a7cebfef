import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.close())

const dayMs = 24 * 3_600_000

describe('POST /api/broker/withdraw of everything', () => {
  test('pays at once what was never locked, with what is left of the gas money, to the neuron', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '4' })
    const before = await holdings(user)

    const { status, body } = await user.withdraw('all')

    const after = await holdings(user)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      success: true,
      withdrawal: { amount: 'all', state: 'done', waitsFor: null, until: null },
    })
    expect(after).toMatchObject({ total: 0n, wallet: 0n })
    expect(after.own - before.own).toBe(parseOg(body.withdrawal.paid))
    expect(after.own + (await gasSpent(server, user))).toBe(before.own + before.wallet + before.total)
    expect((await user.balance()).body).toMatchObject({ balance: '0', withdrawal: { current: null } })
  })

  test('waits for what is locked, and tells until when', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const before = await holdings(user)

    const asked = await user.withdraw('all')
    const balance = await user.balance()
    const refused = await user.analyze(dream)
    const deposit = await user.fund('1')
    await passLockTime()
    await server.context.withdrawals.resume()

    expect(asked).toMatchObject({
      status: 202,
      body: { withdrawal: { state: 'open', waitsFor: 'lock-time', paid: null } },
    })
    expect(balance.body.withdrawal.current).toEqual(asked.body.withdrawal)
    expect(Date.parse(asked.body.withdrawal.until)).toBeGreaterThan(before.blockTimeMs + dayMs - 60_000)
    expectProblem(refused, 'withdrawal-in-progress')
    expectProblem(deposit, 'withdrawal-in-progress')
    const after = await holdings(user)
    expect(after).toMatchObject({ total: 0n, wallet: 0n, locked: 0n })
    const { body } = await user.transactions()
    const kinds = body.entries.map(({ kind }: { kind: string }) => kind)
    expect(kinds.sort()).toEqual([
      'charge',
      'deposit',
      'payout',
      'refund',
      'retrieve',
      'retrieve',
      'transfer',
      'waived',
      'withdrawal',
    ])
    expect((await user.balance()).body).toMatchObject({ balance: '0', wallet: '0', unsettled: '0', reserved: '0' })
  })
})

async function passLockTime(): Promise<void> {
  await network.devnet.testClient.increaseTime({ seconds: dayMs / 1_000 })
  await network.devnet.testClient.mine({ blocks: 1 })
}

/** What is where, and what the user holds outside. */
async function holdings(user: TestUser) {
  const { publicClient } = network.devnet
  const books = await readChainBooks(network.devnet, user.brokerAddress)
  const { timestamp } = await publicClient.getBlock()
  const locked = [...books.locks.values()].reduce((sum, lock) => sum + lock, 0n)
  return {
    ...books,
    locked,
    own: await publicClient.getBalance({ address: user.address }),
    blockTimeMs: Number(timestamp) * 1_000,
  }
}

async function gasSpent(server: TestServer, user: TestUser): Promise<bigint> {
  const rows = await server.rows('chain_transaction', user)
  const later = rows.filter(({ withdrawal_id }) => withdrawal_id !== null)
  return later.reduce((sum, row) => sum + BigInt(String(row.gas_used)) * BigInt(String(row.effective_gas_price)), 0n)
}
