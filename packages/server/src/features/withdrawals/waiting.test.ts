import { parseOg } from '@dreamscape/protocol/money'
import type { StatementEntry } from '@dreamscape/protocol/statement'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'
import { carryOn, describeSteps, expectConserved, passLockTime, readHoldings } from '../../testing/withdrawing.ts'

// These tests move the price of gas, so nothing else may use the chain.
let network: TestNetwork
let server: TestServer
beforeAll(async () => {
  network = await startTestNetwork()
  server = await startTestServer({ network })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})
afterEach(() => setBaseFee(10n ** 9n))

async function setBaseFee(baseFeePerGas: bigint): Promise<void> {
  await network.devnet.testClient.setNextBlockBaseFeePerGas({ baseFeePerGas })
  await network.devnet.testClient.mine({ blocks: 1 })
}

const setWallet = (user: TestUser, value: bigint) =>
  network.devnet.testClient.setBalance({ address: user.brokerAddress, value })

const current = async (user: TestUser) => (await user.balance()).body.withdrawal.current

async function listWithdrawals(user: TestUser): Promise<StatementEntry[]> {
  const { entries } = (await user.transactions()).body as { entries: StatementEntry[] }
  return entries.filter(({ kind }) => kind === 'withdrawal')
}

/** A user with something locked. */
async function lockedUser() {
  const user = await server.newUser({ deposit: '4' })
  await user.analyze(dream)
  return user
}

describe('a withdrawal under way', () => {
  test('stands in the balance and the statement in the same words, and in the statement for good', async () => {
    const user = await lockedUser()
    const { body } = await user.withdraw('all')

    const inBalance = await current(user)
    const [inStatement] = await listWithdrawals(user)
    await passLockTime(server)
    await carryOn(server)
    const [ended] = await listWithdrawals(user)

    expect(inBalance).toEqual(body.withdrawal)
    expect(inStatement).toEqual({ kind: 'withdrawal', at: expect.any(String), ...body.withdrawal })
    expect(ended).toEqual({
      ...inStatement,
      state: 'done',
      waitsFor: null,
      until: null,
      paid: expect.any(String),
      txHash: expect.any(String),
    })
    expect(await current(user)).toBeNull()
  })

  test('is one entry of the pages of a statement, once', async () => {
    const user = await lockedUser()
    await user.withdraw('0.5')
    await user.withdraw('all')
    const whole = (await user.transactions()).body.entries as StatementEntry[]

    const paged: StatementEntry[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await user.transactions(`?limit=1${cursor && `&cursor=${cursor}`}`)
      paged.push(...body.entries)
      cursor = body.nextCursor
    }

    expect(paged).toEqual(whole)
    expect(whole.filter(({ kind }) => kind === 'withdrawal')).toMatchObject([
      { amount: 'all', state: 'open' },
      { amount: '0.5', state: 'done', paid: '0.5' },
    ])
    await user.cancelWithdrawal()
  })

  test('asks neither providers nor chain again before the time has come', async () => {
    const user = await lockedUser()
    await user.withdraw('all')
    server.rpc.forget()

    await server.context.withdrawals.resume()

    expect(server.rpc.calls().filter((method) => method !== 'eth_getBlockByNumber')).toEqual([])
    await user.cancelWithdrawal()
  })

  test('waits by the clock of the chain, whatever ours says', async () => {
    const user = await lockedUser()
    await user.withdraw('all')

    server.clock.advance(48 * 3_600_000)
    await carryOn(server)
    const before = await describeSteps(server, user)
    server.clock.advance(-72 * 3_600_000)
    await passLockTime(server)
    await carryOn(server)
    server.clock.advance(24 * 3_600_000)

    expect(before).toEqual(['retrieve'])
    expect(await describeSteps(server, user)).toEqual(['retrieve', 'retrieve', 'refund', 'payout'])
  })
})

describe('gas money that is missing in the broker wallet', () => {
  test('is told, and the withdrawal goes on by itself once somebody has sent it', async () => {
    const user = await lockedUser()
    await setWallet(user, 1n)
    const before = await readHoldings(server, user)

    const asked = await user.withdraw('all')
    const told = await current(user)
    await carryOn(server)
    const still = await current(user)
    await user.pay(user.brokerAddress, parseOg(told.gasShortfall))
    await carryOn(server)

    expect(asked).toMatchObject({
      status: 202,
      body: { withdrawal: { state: 'open', waitsFor: 'gas', until: null, gasShortfall: expect.any(String) } },
    })
    expect(told).toEqual(asked.body.withdrawal)
    expect(still).toMatchObject({ state: 'open', waitsFor: 'gas' })
    expect(await current(user)).toMatchObject({ waitsFor: 'lock-time', gasShortfall: null })
    await user.pay(user.brokerAddress, parseOg('0.01'))
    await passLockTime(server)
    await carryOn(server)
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    expect((await listWithdrawals(user))[0]).toMatchObject({ state: 'done', gasShortfall: null })
    expect((await readHoldings(server, user)).own).toBeGreaterThan(before.own)
  })

  test('after the lock time is told too', async () => {
    const user = await lockedUser()
    await user.withdraw('all')
    await setWallet(user, 1n)
    await passLockTime(server)

    await carryOn(server)
    const told = await current(user)
    await user.pay(user.brokerAddress, parseOg('0.05'))
    await carryOn(server)

    expect(told).toMatchObject({ state: 'open', waitsFor: 'gas', until: null })
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
  })

  test('is kept back from the rest that goes into the ledger again', async () => {
    const user = await lockedUser()
    await setWallet(user, parseOg('0.001'))
    const before = await readHoldings(server, user)

    const { body } = await user.withdraw('2')

    const after = await readHoldings(server, user)
    expect(body.withdrawal).toMatchObject({ state: 'done', paid: '2' })
    expect(await describeSteps(server, user)).toEqual(['refund', 'payout', 'deposit'])
    expect(after.wallet).toBeGreaterThan(before.wallet)
    await expectConserved({ server, user, before })
    expect((await user.withdraw('0.5')).body.withdrawal).toMatchObject({ state: 'done', paid: '0.5' })
  })

  test('for depositing the rest again leaves that in the wallet, which is the user’s too', async () => {
    const user = await lockedUser()
    let sent = 0
    server.rpc.watch(async (methods) => {
      if (methods.includes('eth_sendRawTransaction')) sent += 1
      else if (sent === 2) await setWallet(user, 1n)
    })

    const { body } = await user.withdraw('2')
    server.rpc.watch(async () => {})

    expect(body.withdrawal).toMatchObject({ state: 'done', paid: '2' })
    expect(await describeSteps(server, user)).toEqual(['refund', 'payout'])
  })
})

describe('the price of gas', () => {
  test('far above what it was when the withdrawal began takes more from the wallet, and nothing else', async () => {
    const user = await lockedUser()
    await user.withdraw('all')
    const before = await readHoldings(server, user)
    await passLockTime(server)
    await setBaseFee(400n * 10n ** 9n)

    await carryOn(server)

    const told = await current(user)
    expect(told).toMatchObject({ waitsFor: 'gas' })
    await user.pay(user.brokerAddress, parseOg('0.5'))
    await carryOn(server)
    const after = await readHoldings(server, user)
    expect(after).toMatchObject({ total: 0n, wallet: 0n })
    expect(after.own).toBeGreaterThan(before.own + before.total - parseOg('0.5'))
  })

  test('beyond what the service pays keeps a withdrawal open, and refuses a new one', async () => {
    const [user, other] = [await lockedUser(), await lockedUser()]
    await user.withdraw('all')
    await passLockTime(server)
    await setBaseFee(2n * 10n ** 12n)

    await carryOn(server)
    const refused = await other.withdraw('all')
    const steps = await describeSteps(server, user)
    await setBaseFee(10n ** 9n)
    await carryOn(server)

    expectProblem(refused, 'chain-unavailable')
    expect(steps).toEqual(['retrieve'])
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    expect((await other.withdraw('all')).status).toBe(202)
  })

  test('counts in what can be withdrawn if the gas money is to stay', async () => {
    const user = await server.newUser({ deposit: '4' })
    const cheap = parseOg((await user.withdraw('5')).body.largestWithdrawable)
    await setBaseFee(20n * 10n ** 9n)

    const dear = parseOg((await user.withdraw('5')).body.largestWithdrawable)

    expect(dear).toBeLessThan(cheap)
    expect(dear).toBeGreaterThanOrEqual(parseOg('4'))
  })
})

test('a withdrawal of somebody else keeps nobody waiting', async () => {
  const [user, other] = [await lockedUser(), await lockedUser()]
  await user.withdraw('all')

  const answers = [await other.analyze(dream), await other.withdraw('0.5')]

  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  await user.cancelWithdrawal()
})
