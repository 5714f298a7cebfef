import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { carryOn, describeSteps, expectConserved, passLockTime, readHoldings } from '../../testing/withdrawing.ts'

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

describe('an amount that is available', () => {
  test('is paid at once, and what stays is the minimum or more', async () => {
    const user = await server.newUser({ deposit: '8' })
    const before = await readHoldings(server, user)

    const { status, body } = await user.withdraw('4.50')

    const after = await readHoldings(server, user)
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { withdrawal: { amount: '4.5', state: 'done', paid: '4.5' } },
    })
    expect(after.own - before.own).toBe(parseOg('4.5'))
    expect(after.available).toBeGreaterThanOrEqual(parseOg('3'))
    expect(await describeSteps(server, user)).toEqual(['refund', 'payout'])
    await expectConserved({ server, user, before })
    await expectExactBooks(server, user)
  })

  test('takes what may not stay along, and deposits it again', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const before = await readHoldings(server, user)

    const { status, body } = await user.withdraw('2')
    const after = await readHoldings(server, user)
    const analysis = await user.analyze(dream)

    expect(status).toBe(200)
    expect(body.withdrawal).toMatchObject({ state: 'done', paid: '2' })
    expect(await describeSteps(server, user)).toEqual(['refund', 'payout', 'deposit'])
    expect(after.own - before.own).toBe(parseOg('2'))
    // What lay in the wallet beyond the gas to leave with was paid out first.
    expect(after.available).toBeGreaterThan(before.available - parseOg('2'))
    expect(after.locked).toBe(before.locked)
    expect(analysis.status).toBe(200)
    await expectConserved({ server, user, before })
    await expectExactBooks(server, user)
  })

  test('takes the ledger along when nothing is locked; the rest waits in the wallet for the next "all"', async () => {
    const user = await server.newUser({ deposit: '4' })
    const before = await readHoldings(server, user)

    const part = await user.withdraw('2')
    const between = await readHoldings(server, user)
    const rest = await user.withdraw('all')

    expect(part.body.withdrawal).toMatchObject({ state: 'done', paid: '2' })
    expect(between).toMatchObject({ total: 0n, own: before.own + parseOg('2') })
    expect(between.wallet).toBeGreaterThan(parseOg('2'))
    expect(rest.body.withdrawal.state).toBe('done')
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    expect(await describeSteps(server, user)).toEqual(['refund', 'payout', 'payout'])
    await expectConserved({ server, user, before })
  })

  test('comes out of the wallet alone when that holds it beyond the gas money', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.pay(user.brokerAddress, parseOg('1'))
    const before = await readHoldings(server, user)

    const { body } = await user.withdraw('1')

    expect(body.withdrawal).toMatchObject({ state: 'done', paid: '1' })
    expect(await describeSteps(server, user)).toEqual(['payout'])
    expect(await readHoldings(server, user)).toMatchObject({ total: before.total, own: before.own + parseOg('1') })
  })
})

describe('an amount that is locked', () => {
  test('is fetched from its provider, and only as much as was asked for is paid', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const before = await readHoldings(server, user)

    const asked = await user.withdraw('3.5')
    await passLockTime(server)
    await carryOn(server)

    const after = await readHoldings(server, user)
    expect(asked).toMatchObject({ status: 202, body: { withdrawal: { amount: '3.5', waitsFor: 'lock-time' } } })
    expect(after.own - before.own).toBe(parseOg('3.5'))
    expect(after).toMatchObject({ total: 0n, locked: 0n })
    expect(after.wallet).toBeGreaterThan(parseOg('0.5'))
    expect(await describeSteps(server, user)).toEqual(['retrieve', 'retrieve', 'refund', 'payout'])
    await expectConserved({ server, user, before })
  })

  test('may be all there is: then the gas money alone stays', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const refused = await user.withdraw('5')
    const largest = refused.body.largestWithdrawable
    const before = await readHoldings(server, user)

    const asked = await user.withdraw(largest)
    await passLockTime(server)
    await carryOn(server)

    const after = await readHoldings(server, user)
    expect(expectProblem(refused, 'insufficient-funds')).toMatchObject({ required: '5', available: largest })
    expect(asked.status).toBe(202)
    expect(after.own - before.own).toBe(parseOg(largest))
    expect(after.total).toBe(0n)
    expect(after.wallet).toBeGreaterThan(0n)
    await expectConserved({ server, user, before })
  })

  test('beyond all there is by a neuron is refused, and nothing happens', async () => {
    const user = await server.newUser({ deposit: '4' })
    const { largestWithdrawable } = (await user.withdraw('5')).body
    const before = await readHoldings(server, user)

    const answer = await user.withdraw(formatOg(parseOg(largestWithdrawable) + parseOg('0.001')))

    expectProblem(answer, 'insufficient-funds')
    expect(await server.rows('withdrawal', user)).toEqual([])
    expect(await readHoldings(server, user)).toEqual(before)
  })
})

describe('money that was never deposited, because it is less than the minimum', () => {
  test('can be withdrawn in part and as a whole', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('2'))
    const before = await readHoldings(server, user)

    const part = await user.withdraw('0.5')
    const whole = await user.withdraw('all')

    expect(part.body.withdrawal).toMatchObject({ state: 'done', paid: '0.5' })
    expect(whole.body.withdrawal.state).toBe('done')
    expect(await readHoldings(server, user)).toMatchObject({ wallet: 0n, total: 0n })
    await expectConserved({ server, user, before })
  })
})
