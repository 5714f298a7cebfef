import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { reconcile } from '../../testing/reconcile.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import {
  carryOn,
  describeSteps,
  expectConserved,
  gasOfWithdrawals,
  passLockTime,
  readHoldings,
} from '../../testing/withdrawing.ts'

let network: TestNetwork
/** Cut off from the chain while the other one works, because what is lost does not come back. */
let before: TestServer
let after: TestServer
beforeAll(async () => {
  network = await startTestNetwork()
  before = await startTestServer({ network })
  // The same secret and the same chain; an empty database.
  after = await startTestServer({ network, clock: before.clock })
  await before.rpc.goDown()
})
afterAll(async () => {
  await after[Symbol.asyncDispose]()
  await before[Symbol.asyncDispose]()
  await network.close()
})

const loseDatabase = () => before.rpc.goDown()

beforeEach(() => before.rpc.comeBack())
afterEach(loseDatabase)

/** A user of both servers, with a withdrawal of everything that only the first one knows and the chain waits for. */
async function waitingUser() {
  const user = await before.newUser({ deposit: '6' })
  await user.analyze(dream, { model: 'llama' })
  await user.analyze(dream, { model: 'deepseek' })
  await user.withdraw('all')
  await loseDatabase()
  const server = { server: after }
  return {
    user,
    holdings: await readHoldings(before, user),
    balance: () => user.balance(server),
    analyze: (model: string) => user.analyze(dream, { model }, server),
    withdrawAll: () => user.withdraw('all', server),
    cancel: () => user.cancelWithdrawal(server),
  }
}

describe('a database that was lost while refunds were under way', () => {
  test('leaves a balance that tells what is whose, and that money is on its way back', async () => {
    const { holdings, balance } = await waitingUser()

    const { status, body } = await balance()

    expect(status).toBe(200)
    expect(body).toMatchObject({
      balance: String(holdings.total - holdings.unsettled),
      withdrawal: { current: null },
      subAccounts: [{ pendingRefund: '1.1' }, { pendingRefund: '1.1' }],
    })
  })

  test('leaves analyses that work: what they need is taken back', async () => {
    const { user, holdings, balance, analyze } = await waitingUser()

    const answers = [await analyze('llama'), await analyze('llama')]

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const { subAccounts } = (await balance()).body
    expect(subAccounts.map(({ pendingRefund }: { pendingRefund: string }) => pendingRefund).sort()).toEqual([
      '0',
      '1.1',
    ])
    expect((await readHoldings(after, user)).total).toBe(holdings.total)
    expect(await after.rows('quarantine')).toEqual([])
  })

  test('leaves money that a new withdrawal of everything brings when the first one would have', async () => {
    const { user, holdings, withdrawAll } = await waitingUser()

    const asked = await withdrawAll()
    await passLockTime(after)
    await carryOn(after)

    expect(asked).toMatchObject({ status: 202, body: { withdrawal: { waitsFor: 'lock-time' } } })
    // They were asked already.
    expect(await describeSteps(after, user)).toEqual(['retrieve', 'refund', 'payout'])
    expect(await readHoldings(after, user)).toMatchObject({ total: 0n, wallet: 0n })
    await expectConserved({ server: after, user, before: holdings })
    expect(await after.rows('quarantine')).toEqual([])
  })

  test('leaves money that comes at once when the time is over', async () => {
    const { user, holdings, balance, withdrawAll } = await waitingUser()
    await passLockTime(after)

    const { status, body } = await withdrawAll()

    expect(status).toBe(200)
    expect(body.withdrawal.state).toBe('done')
    expect(await readHoldings(after, user)).toMatchObject({ total: 0n, wallet: 0n })
    await expectConserved({ server: after, user, before: holdings })
    expect((await balance()).body).toMatchObject({ balance: '0', unsettled: '0' })
  })

  test('leaves a withdrawal that can be opened anew and cancelled', async () => {
    const { user, withdrawAll, cancel, balance, analyze } = await waitingUser()
    await withdrawAll()

    const { body } = await cancel()

    expect(body.withdrawal.state).toBe('cancelled')
    expect((await balance()).body.subAccounts).toMatchObject([{ pendingRefund: '0' }, { pendingRefund: '0' }])
    expect((await analyze('deepseek')).status).toBe(200)
    expect(await describeSteps(after, user)).toEqual(['restore', 'restore'])
  })
})

test('money that was already in the broker wallet when the database was lost is paid by the new one', async () => {
  await using old = await startTestServer({ network, clock: after.clock })
  const user = await old.newUser({ deposit: '4' })
  const holdings = await readHoldings(old, user)
  let sent = 0
  old.rpc.disturb((methods) =>
    methods.includes('eth_sendRawTransaction') && ++sent > 1 ? { kind: 'lost-request' } : undefined,
  )
  await user.withdraw('all')
  // At another price of gas the two do not sign the same bytes.
  await network.devnet.testClient.mine({ blocks: 1 })

  const { body } = await user.withdraw('all', { server: after })
  old.rpc.heal()
  for (let round = 0; round < 3; round += 1) {
    await carryOn(old)
    old.clock.advance(120_001)
  }

  expect(body.withdrawal.state).toBe('done')
  const now = await readHoldings(after, user)
  expect(now).toMatchObject({ total: 0n, wallet: 0n })
  const gas = (await gasOfWithdrawals(old, user)) + (await gasOfWithdrawals(after, user))
  expect(now.everything + gas).toBe(holdings.everything)
  // The old one, should it come back, finds that its payout can never be mined.
  expect(await describeSteps(old, user)).toEqual(['refund', 'payout failed'])
  expect(await old.rows('withdrawal', user)).toMatchObject([{ state: 'failed' }])
})

test('a database restored from a copy that lacks the newest transfer lets everything out all the same', async () => {
  // Of their own, because the first one would go on with what other tests have begun, which the second one does not know.
  await using old = await startTestServer({ network })
  await using restored = await startTestServer({ network, clock: old.clock })
  const user = await old.newUser({ deposit: '6' })
  const { provider } = (await user.analyze(dream)).body
  await user.balance({ server: restored })
  // The copy was made before this one.
  await old.context.funding.ensureUsable(user.address, provider, 5n * 10n ** 17n)
  const holdings = await readHoldings(restored, user)
  await old.rpc.goDown()

  await user.withdraw('all', { server: restored })
  await passLockTime(restored)
  await carryOn(restored)

  expect(await readHoldings(restored, user)).toMatchObject({ total: 0n, wallet: 0n })
  await expectConserved({ server: restored, user, before: holdings })
  await user.fund('4', { server: restored })
  const analysis = await user.analyze(dream, undefined, { server: restored })
  await reconcile(restored)
  const { total, unsettled } = await readHoldings(restored, user)
  expect(analysis.status).toBe(200)
  expect((await user.balance({ server: restored })).body.balance).toBe(String(total - unsettled))
  expect(await restored.context.broker.findBalance(user.address, restored.context.db)).toBe(total - unsettled)
  expect(await restored.rows('quarantine')).toEqual([])
})
