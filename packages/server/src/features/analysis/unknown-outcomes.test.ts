import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { reconcile, steadyMs } from '../../testing/reconcile.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(() => network.close())

/** Leaves an analysis little time from now on; what takes longer the first time is done. */
async function hurry(server: TestServer): Promise<void> {
  server.settings.ANALYSIS_DEADLINE_SECONDS = 0.5
  await server.restart()
  await server.get('/api/ai/models')
}

describe('a provider whose outcome is unknown', () => {
  test('because it hangs past the deadline keeps the worst case held', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    await user.analyze(dream)
    const before = (await user.balance()).body
    await hurry(server)
    llama.order({ kind: 'hang' })

    const answer = await user.analyze(dream)

    expectProblem(answer, 'deadline-exceeded')
    const [, held] = await server.rows('reservation', user)
    expect(held).toMatchObject({ state: 'unknown', cost: null })
    const after = (await user.balance()).body
    expect(parseOg(after.reserved)).toBe(held?.amount)
    expect(BigInt(after.balance)).toBe(BigInt(before.balance) - parseOg(after.reserved))
    expect(parseOg(after.spendable)).toBe(parseOg(before.spendable) - parseOg(after.reserved))
  })

  test.each([
    ['it drops the connection midway', { kind: 'drop-mid-stream' }, 'provider-failed'],
    ['it drops the connection before it answers', { kind: 'drop-before-answer' }, 'provider-failed'],
    ['its answer is no JSON', { kind: 'broken-json' }, 'provider-failed'],
    ['it answers 500', { kind: 'status', status: 500 }, 'provider-failed'],
    ['it hangs', { kind: 'hang' }, 'deadline-exceeded'],
  ] as const)('because %s is booked exactly as it bills', async (_what, fault, code) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const { cost } = (await user.analyze(dream)).body
    if (fault.kind === 'hang') await hurry(server)
    llama.order(fault)

    const answer = await user.analyze(dream)
    await reconcile(server)

    expectProblem(answer, code)
    const billed = llama.unsettledFee(user.brokerAddress)
    expect(await server.rows('sub_account', user)).toMatchObject([{ charged: billed, reserved: 0n }])
    const [, reservation] = await server.rows('reservation', user)
    expect(reservation).toMatchObject({ state: 'charged', cost: billed - parseOg(cost) })
    await expectExactBooks(server, user)
  })

  test('is booked exactly also when the provider settles in between', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    await user.analyze(dream)
    llama.order({ kind: 'drop-mid-stream' })
    await user.analyze(dream)
    await network.devnet.settle()

    await reconcile(server)

    const { total } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(await server.rows('sub_account', user)).toMatchObject([{ charged: parseOg('3') - total, reserved: 0n }])
    await expectExactBooks(server, user)
  })

  test('is booked exactly beside later analyses of the same account', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'drop-mid-stream' })
    await user.analyze(dream)
    await user.analyze('Another dream of the sea')
    await user.analyze('A third dream of a house')

    await reconcile(server)

    const billed = llama.unsettledFee(user.brokerAddress)
    expect(await server.rows('sub_account', user)).toMatchObject([{ charged: billed, reserved: 0n }])
    await expectExactBooks(server, user)
  })

  test('is shared out among several such requests up to what each had reserved', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    for (const text of ['sea', 'a house', 'a bird']) {
      llama.order({ kind: 'drop-mid-stream' })
      await user.analyze(text)
    }

    await reconcile(server)

    const reservations = await server.rows('reservation', user)
    const costs = reservations.map(({ cost }) => cost as bigint)
    expect(reservations.map(({ state }) => state)).toEqual(['charged', 'charged', 'charged'])
    expect(costs.reduce((sum, cost) => sum + cost, 0n)).toBe(llama.unsettledFee(user.brokerAddress))
    await expectExactBooks(server, user)
  })

  test('is not booked before the bill has stood still', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'drop-mid-stream' })
    await user.analyze(dream)
    server.clock.advance(180_001)

    await server.context.reconciliation.run()
    server.clock.advance(steadyMs - 1)
    await server.context.reconciliation.run()

    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'unknown' }])
  })

  test('is left alone until its deadline and grace have passed', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'drop-mid-stream' })
    await user.analyze(dream)

    server.clock.advance(59_999)
    await server.context.reconciliation.run()
    server.clock.advance(steadyMs)
    await server.context.reconciliation.run()

    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'unknown' }])
  })

  test('is left alone while another request of the account is under way', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'drop-mid-stream' })
    await user.analyze(dream)
    server.clock.advance(180_001)
    const chats = llama.requests.chat
    llama.order({ kind: 'delay', delayMs: 200 })
    const underWay = user.analyze(dream)
    await expect.poll(() => llama.requests.chat, { interval: 5 }).toBe(chats + 1)

    await server.context.reconciliation.run()
    server.clock.advance(steadyMs)
    await server.context.reconciliation.run()

    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'unknown' }, { state: 'held' }])
    expect((await underWay).status).toBe(200)
  })

  test('is reconciled by the next process when the first one died', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'drop-mid-stream' })
    await user.analyze(dream)
    await server.restart()

    await reconcile(server)

    await expectExactBooks(server, user)
    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'charged' }])
  })

  test('does not stop the account from being used meanwhile', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'drop-mid-stream' })
    await user.analyze(dream)

    const answer = await user.analyze(dream)

    expect(answer.status).toBe(200)
  })
})
