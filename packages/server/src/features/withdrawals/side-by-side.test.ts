import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { howToStartPostgres } from '../../testing/test-databases.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { carryOn, describeSteps, expectConserved, passLockTime, readHoldings } from '../../testing/withdrawing.ts'

let network: TestNetwork
let one: TestServer
let other: TestServer
beforeAll(async () => {
  network = await startTestNetwork()
  if (!network.databases.hasPostgres) return
  one = await startTestServer({ network, database: 'postgres' })
  other = await startTestServer({ network, place: one.place, clock: one.clock })
})
afterAll(async () => {
  await other?.[Symbol.asyncDispose]()
  await one?.[Symbol.asyncDispose]()
  await network.close()
})

const path = '/api/broker/withdraw'

async function lockedUser() {
  const user = await one.newUser({ deposit: '4' })
  await user.analyze(dream)
  return { user, before: await readHoldings(one, user) }
}

describe('two processes on one database', { timeout: 60_000 }, () => {
  test('that are asked the same at once pay once', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    const user = await one.newUser({ deposit: '8' })
    const before = await readHoldings(one, user)
    const body = await user.signWithdraw('1')

    const answers = await Promise.all([one.post(path, body), other.post(path, body)])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(answers[0]?.text).toBe(answers[1]?.text)
    expect((await readHoldings(one, user)).own - before.own).toBe(parseOg('1'))
    expect(await describeSteps(one, user)).toEqual(['refund', 'payout'])
  })

  test('that are asked for two withdrawals at once begin one', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    const { user } = await lockedUser()

    const answers = await Promise.all([user.withdraw('all'), user.withdraw('all', { server: other })])

    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409])
    expect(await one.rows('withdrawal', user)).toHaveLength(1)
    expect(await describeSteps(one, user)).toEqual(['retrieve'])
  })

  test('that carry on the same withdrawals take each step once', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    const owners = await Promise.all([lockedUser(), lockedUser(), lockedUser(), lockedUser()])
    await Promise.all(owners.map(({ user }) => user.withdraw('all')))
    await passLockTime(one)

    for (let round = 0; round < 3; round += 1) await Promise.all([carryOn(one), carryOn(other)])

    for (const { user, before } of owners) {
      expect(await describeSteps(one, user)).toEqual(['retrieve', 'retrieve', 'refund', 'payout'])
      expect(await one.rows('withdrawal', user)).toMatchObject([{ state: 'done' }])
      expect(await readHoldings(one, user)).toMatchObject({ total: 0n, wallet: 0n })
      await expectConserved({ server: one, user, before })
    }
  })

  test('of which one cancels while the other goes on lose nothing', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    const { user, before } = await lockedUser()
    await user.withdraw('all')
    await passLockTime(one)

    const [cancelled] = await Promise.all([user.cancelWithdrawal({ server: other }), carryOn(one)])
    for (let round = 0; round < 2; round += 1) await Promise.all([carryOn(one), carryOn(other)])

    const [row] = await one.rows('withdrawal', user)
    if (cancelled.status === 409) expect(row).toMatchObject({ state: 'done' })
    else expect(row).toMatchObject({ state: 'cancelled' })
    await expectConserved({ server: one, user, before })
  })

  test('of which one transfers to a provider while the other begins a withdrawal keep to one order', async ({
    skip,
  }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    const user = await one.newUser({ deposit: '4' })
    const before = await readHoldings(one, user)

    const [analysis, asked] = await Promise.all([user.analyze(dream), user.withdraw('all', { server: other })])
    await passLockTime(one)
    await carryOn(one)

    if (analysis.status !== 200) expectProblem(analysis, 'withdrawal-in-progress')
    expect([200, 202]).toContain(asked.status)
    expect(await readHoldings(one, user)).toMatchObject({ total: 0n, wallet: 0n })
    const rows = await one.rows('chain_transaction', user)
    expect(new Set(rows.map(({ nonce }) => nonce)).size).toBe(rows.length)
    expect((await readHoldings(one, user)).own).toBeGreaterThan(before.own + parseOg('3.9'))
  })
})
