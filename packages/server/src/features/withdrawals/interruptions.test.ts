import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'
import {
  carryOn,
  describeSteps,
  expectConserved,
  listSteps,
  passLockTime,
  readHoldings,
} from '../../testing/withdrawing.ts'

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

const sending = 'eth_sendRawTransaction'

/** What the process has just done, and not yet the next thing, when it dies. */
const moments = ['decided nothing of it yet', 'written it down', 'had it mined', 'sent it without an answer'] as const

type Moment = (typeof moments)[number]

/** From the transaction number `index` on (from now) the process gets no further than to `moment`. */
function stopAt(index: number, moment: Moment): void {
  let sent = 0
  server.rpc.watch(async (methods) => {
    if (!methods.includes(sending)) return
    if (moment === 'had it mined' && sent === index) server.rpc.hideResults('eth_getTransactionReceipt')
    sent += 1
  })
  server.rpc.disturb((methods) => {
    if (moment === 'decided nothing of it yet' && sent >= index && methods.includes('eth_estimateGas')) {
      return { kind: 'lost-request' }
    }
    if (!methods.includes(sending) || sent <= index) return undefined
    if (moment === 'written it down') return { kind: 'lost-request' }
    return moment === 'sent it without an answer' ? { kind: 'lost-answer' } : undefined
  })
}

async function dieAndComeBack(): Promise<void> {
  await server.stop()
  server.rpc.watch(async () => {})
  server.rpc.heal()
  await server.start()
  await carryOn(server)
}

/** A user with something locked, and something not. */
async function lockedUser() {
  const user = await server.newUser({ deposit: '4' })
  await user.analyze(dream)
  return { user, before: await readHoldings(server, user) }
}

async function expectPaidOnce(user: TestUser): Promise<void> {
  const payouts = (await listSteps(server, user)).filter(({ kind }) => kind === 'payout')
  expect(payouts).toMatchObject([{ state: 'confirmed' }])
  expect(await server.rows('withdrawal', user)).toMatchObject([{ state: 'done', waits_for: null }])
}

describe.each(moments)('a process that dies when it has %s', (moment) => {
  test.each([
    [0, 'the first retrieve'],
    [1, 'the second retrieve'],
    [2, 'the refund'],
    [3, 'the payout'],
  ])('of step %i, %s of everything, leaves enough to go on', async (index) => {
    const { user, before } = await lockedUser()

    stopAt(index, moment)
    await user.withdraw('all')
    if (index > 0) {
      await passLockTime(server)
      await carryOn(server)
    }
    await dieAndComeBack()
    await passLockTime(server)
    await carryOn(server)

    expect(await describeSteps(server, user)).toEqual(['retrieve', 'retrieve', 'refund', 'payout'])
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    await expectPaidOnce(user)
    await expectConserved({ server, user, before })
  })

  test.each([
    [0, 'the refund'],
    [1, 'the payout'],
    [2, 'the deposit of the rest'],
  ])('of step %i, %s of a part, leaves enough to go on', async (index) => {
    const { user, before } = await lockedUser()

    stopAt(index, moment)
    await user.withdraw('2')
    await dieAndComeBack()

    expect(await describeSteps(server, user)).toEqual(['refund', 'payout', 'deposit'])
    await expectPaidOnce(user)
    await expectConserved({ server, user, before })
    await expectExactBooks(server, user)
    expect((await user.analyze(dream)).status).toBe(200)
  })

  test('of what takes a withdrawal back leaves enough to go on', async () => {
    const { user, before } = await lockedUser()
    await user.withdraw('all')

    stopAt(0, moment)
    await user.cancelWithdrawal()
    await dieAndComeBack()

    expect(await describeSteps(server, user)).toEqual(['retrieve', 'restore'])
    expect((await user.balance()).body).toMatchObject({
      withdrawal: { current: null },
      subAccounts: [{ pendingRefund: '0' }],
    })
    expect((await user.analyze(dream)).status).toBe(200)
    await expectConserved({ server, user, before })
    await expectExactBooks(server, user)
  })
})

test('a client that has left does not stop a withdrawal, and the same request tells how it went', async () => {
  const { user, before } = await lockedUser()
  const body = await user.signWithdraw('0.5')
  const leaving = new AbortController()
  server.rpc.watch(async (methods) => {
    if (methods.includes(sending)) leaving.abort()
  })

  await fetch(`${server.url}/api/broker/withdraw`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: leaving.signal,
  }).catch(() => {})
  server.rpc.watch(async () => {})
  const answer = await server.post('/api/broker/withdraw', body)

  expect(leaving.signal.aborted).toBe(true)
  expect(answer).toMatchObject({ status: 200, body: { withdrawal: { state: 'done', paid: '0.5' } } })
  await expectPaidOnce(user)
  await expectConserved({ server, user, before })
})
