import { messages } from '@dreamscape/protocol/identity'
import { parseOg } from '@dreamscape/protocol/money'
import type { StatementEntry } from '@dreamscape/protocol/statement'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { reconcile } from '../../testing/reconcile.ts'
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

const path = '/api/broker/withdraw/cancel'
const sending = 'eth_sendRawTransaction'

/** A user with a sub-account at every provider and a withdrawal of everything that waits for the lock time. */
async function waitingUser() {
  const user = await server.newUser({ deposit: '6' })
  await user.analyze(dream, { model: 'llama' })
  await user.analyze(dream, { model: 'deepseek' })
  const before = await readHoldings(server, user)
  const { body } = await user.withdraw('all')
  return { user, before, withdrawal: body.withdrawal }
}

describe('a withdrawal that waits for the lock time', () => {
  test('is turned back: nothing is asked back any more, nothing is lost, and analyses work at once', async () => {
    const { user, before, withdrawal } = await waitingUser()

    const { status, body } = await user.cancelWithdrawal()
    const balance = await user.balance()
    const steps = await describeSteps(server, user)
    const analyses = [await user.analyze(dream, { model: 'llama' }), await user.analyze(dream, { model: 'deepseek' })]

    expect(status).toBe(200)
    expect(body.withdrawal).toMatchObject({ id: withdrawal.id, state: 'cancelled', waitsFor: null, until: null })
    expect(balance.body.withdrawal.current).toBeNull()
    expect(balance.body.subAccounts).toMatchObject([{ pendingRefund: '0' }, { pendingRefund: '0' }])
    expect(steps).toEqual(['retrieve', 'restore', 'restore'])
    expect(analyses.map((answer) => answer.status)).toEqual([200, 200])
    expect(await readHoldings(server, user)).toMatchObject({ total: before.total, locks: before.locks })
    await expectConserved({ server, user, before })
    await expectExactBooks(server, user)
  })

  test('is turned back once, however often the same request comes', async () => {
    const { user } = await waitingUser()
    const body = await user.signCancel()

    const atOnce = await Promise.all([server.post(path, body), server.post(path, body), server.post(path, body)])
    const later = await server.post(path, body)

    for (const answer of [...atOnce, later]) {
      expect(answer).toMatchObject({ status: 200, body: { withdrawal: { state: 'cancelled' } } })
    }
    expect(await describeSteps(server, user)).toEqual(['retrieve', 'restore', 'restore'])
  })

  test('may be opened anew after it was turned back, and then pays everything', async () => {
    const { user, before } = await waitingUser()
    await user.cancelWithdrawal()

    const again = await user.withdraw('all')
    await passLockTime(server)
    await carryOn(server)

    expect(again).toMatchObject({ status: 202, body: { withdrawal: { state: 'open', waitsFor: 'lock-time' } } })
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    await expectConserved({ server, user, before })
  })

  test('stands in the statement with what took it back', async () => {
    const { user } = await waitingUser()
    await user.cancelWithdrawal()

    const { entries } = (await user.transactions()).body as { entries: StatementEntry[] }

    const restores = entries.filter(({ kind }) => kind === 'restore')
    expect(restores.map((entry) => 'amount' in entry && entry.amount)).toEqual(['1.1', '1.1'])
    expect(entries.find(({ kind }) => kind === 'withdrawal')).toMatchObject({ state: 'cancelled', paid: null })
  })

  test('is turned back also when a provider settled meanwhile', async () => {
    const { user, before } = await waitingUser()
    const fees = (await readHoldings(server, user)).unsettled
    await network.devnet.settle()

    const { body } = await user.cancelWithdrawal()

    expect(body.withdrawal.state).toBe('cancelled')
    await expectConserved({ server, user, before, feesTaken: fees })
    await expectExactBooks(server, user)
    expect((await user.analyze(dream)).status).toBe(200)
  })

  test('leaves in the ledger what had come out of the sub-accounts', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const before = await readHoldings(server, user)
    await user.withdraw('all')
    await passLockTime(server)
    // It fetches what is due, and then cannot ask what the refund would cost.
    let estimates = 0
    server.rpc.disturb((methods) =>
      methods.includes('eth_estimateGas') && ++estimates > 1 ? { kind: 'lost-request' } : undefined,
    )
    await carryOn(server)
    server.rpc.heal()

    const { body } = await user.cancelWithdrawal()

    expect(body.withdrawal.state).toBe('cancelled')
    expect(await describeSteps(server, user)).toEqual(['retrieve', 'retrieve'])
    expect(await readHoldings(server, user)).toMatchObject({ total: before.total, locked: 0n })
    expect((await user.analyze(dream)).status).toBe(200)
    await reconcile(server)
    await expectExactBooks(server, user)
  })
})

describe('a withdrawal whose first step is under way', () => {
  test('is turned back after that step', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const before = await readHoldings(server, user)
    server.rpc.loseRequests(sending)
    const asked = await user.withdraw('all')
    const cancelling = await user.cancelWithdrawal()
    const { current } = (await user.balance()).body.withdrawal
    const refused = await user.analyze(dream)
    server.rpc.heal()

    await carryOn(server)

    expect(asked).toMatchObject({ status: 202, body: { withdrawal: { state: 'open', waitsFor: 'transaction' } } })
    expect(cancelling).toMatchObject({ status: 202, body: { withdrawal: { state: 'cancelling' } } })
    expect(current).toEqual(cancelling.body.withdrawal)
    expectProblem(refused, 'withdrawal-in-progress')
    expect(await describeSteps(server, user)).toEqual(['retrieve', 'restore'])
    expect((await user.analyze(dream)).status).toBe(200)
    await expectConserved({ server, user, before })
  })

  test('cannot be cancelled twice under different signatures, nor withdrawn from', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    server.rpc.loseRequests(sending)
    await user.withdraw('all')
    await user.cancelWithdrawal()

    const answers = [await user.cancelWithdrawal(), await user.withdraw('all')]
    server.rpc.heal()
    await carryOn(server)

    for (const answer of answers) expectProblem(answer, 'withdrawal-in-progress')
  })
})

describe('it is too late or too early to cancel', () => {
  test('once money has begun to leave the ledger', async () => {
    const { user, before } = await waitingUser()
    await passLockTime(server)
    let sent = 0
    server.rpc.disturb((methods) => (methods.includes(sending) && ++sent > 1 ? { kind: 'lost-request' } : undefined))
    await carryOn(server)

    const answer = await user.cancelWithdrawal()
    server.rpc.heal()
    await carryOn(server)

    expectProblem(answer, 'withdrawal-in-progress')
    expect(await describeSteps(server, user)).toEqual(['retrieve', 'retrieve', 'refund', 'payout'])
    expect(await readHoldings(server, user)).toMatchObject({ total: 0n, wallet: 0n })
    await expectConserved({ server, user, before })
  })

  test('when nothing is under way, or not any more', async () => {
    const user = await server.newUser({ deposit: '8' })
    const early = await user.cancelWithdrawal()
    await user.withdraw('1')

    const late = await user.cancelWithdrawal()

    for (const answer of [early, late]) expectProblem(answer, 'not-found')
  })
})

describe('a signed request to cancel', () => {
  test('that found nothing cannot turn a later withdrawal back', async () => {
    const user = await server.newUser({ deposit: '4' })
    await user.analyze(dream)
    const body = await user.signCancel()
    await server.post(path, body)
    const { body: opened } = await user.withdraw('all')

    const replayed = await server.post(path, body)

    expectProblem(replayed, 'not-found')
    expect((await user.balance()).body.withdrawal.current).toEqual(opened.withdrawal)
    expect(await user.cancelWithdrawal()).toMatchObject({ body: { withdrawal: { state: 'cancelled' } } })
  })

  test('that turned one back cannot turn a later one back', async () => {
    const { user, withdrawal } = await waitingUser()
    const body = await user.signCancel()
    await server.post(path, body)
    const { body: opened } = await user.withdraw('all')

    const replayed = await server.post(path, body)

    expect(replayed.body.withdrawal).toMatchObject({ id: withdrawal.id, state: 'cancelled' })
    expect((await user.balance()).body.withdrawal.current).toEqual(opened.withdrawal)
  })

  test('is refused for another chain, for another purpose and of somebody else', async () => {
    const [{ user, withdrawal }, stranger] = [await waitingUser(), await server.newUser()]
    const call = { address: user.address, timestamp: server.clock.now() }

    const answers = [
      await user.cancelWithdrawal({ ...call, message: messages.cancelWithdrawal({ ...call, chainId: 16661 }) }),
      await user.cancelWithdrawal({ ...call, message: messages.withdraw({ ...call, amount: 'all', chainId: 31337 }) }),
      await user.cancelWithdrawal({ ...call, signer: stranger.account }),
    ]

    for (const answer of answers) expectProblem(answer, 'signature-invalid')
    expect((await user.balance()).body.withdrawal.current).toEqual(withdrawal)
  })

  test('of a stranger cancels nothing of anybody else', async () => {
    const [{ user, withdrawal }, stranger] = [await waitingUser(), await server.newUser()]

    expectProblem(await stranger.cancelWithdrawal(), 'not-found')

    expect((await user.balance()).body.withdrawal.current).toEqual(withdrawal)
  })
})

test('gas money that is missing keeps a cancelled withdrawal waiting, and it goes on once that has come', async () => {
  const { user } = await waitingUser()
  await network.devnet.testClient.setBalance({ address: user.brokerAddress, value: 1n })

  const { body } = await user.cancelWithdrawal()
  await user.pay(user.brokerAddress, parseOg(body.withdrawal.gasShortfall) * 4n)
  await carryOn(server)

  expect(body.withdrawal).toMatchObject({ state: 'cancelling', waitsFor: 'gas' })
  expect(await describeSteps(server, user)).toEqual(['retrieve', 'restore', 'restore'])
  expect((await user.balance()).body.withdrawal.current).toBeNull()
})
