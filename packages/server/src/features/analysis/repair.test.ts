import { EventEmitter, once } from 'node:events'
import type { Fault } from '@dreamscape/devnet/provider/faults'
import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { reconcile } from '../../testing/reconcile.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(() => network.close())

const analysis = { interpretation: 'The sea may be far.', symbols: ['sea'], emotions: ['calm'], insights: ['Rest.'] }
const good: Fault = { kind: 'raw-answer', content: JSON.stringify(analysis) }
const shapeless: Fault = {
  kind: 'raw-answer',
  content: 'The sea of your dream may be far, and there is calm in it. Rest.',
}
/** All the tokens of level 1 are used, so little of the reservation is left. */
const endless: Fault = { kind: 'raw-answer', content: 'The sea of your dream may be far. '.repeat(100) }

describe('an answer out of form', () => {
  test('is repaired by a second call to its provider, and both are charged as one', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const chats = llama.requests.chat
    llama.order(shapeless)
    llama.order(good)

    const answer = await user.analyze(dream, { receipt: 'full' })

    const billed = llama.unsettledFee(user.brokerAddress)
    expect(answer).toMatchObject({ status: 200, body: { analysis, verification: 'content', cost: formatOg(billed) } })
    expect(llama.requests.chat).toBe(chats + 2)
    const { receipt, repaired, usage } = answer.body
    expect(Buffer.from(repaired.response, 'base64').toString()).toContain('The sea of your dream')
    expect(Buffer.from(receipt.request, 'base64').toString()).toContain('The sea of your dream')
    expect(receipt.signedText).toBe(`${receipt.requestHash}:${receipt.responseHash}`)
    expect(repaired.signedText).toBe(`${repaired.requestHash}:${repaired.responseHash}`)
    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'charged', cost: billed }])
    expect(await server.rows('user_queries', user)).toMatchObject([
      { cost_neuron: billed, input_tokens: usage.inputTokens, output_tokens: usage.outputTokens },
    ])
    expect(billed).toBe(BigInt(usage.inputTokens) * llama.inputPrice + BigInt(usage.outputTokens) * llama.outputPrice)
    await expectExactBooks(server, user)
  })

  test('is repaired without sending the dream again', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order(shapeless)
    llama.order(good)

    const { receipt } = (await user.analyze(dream, { receipt: 'full' })).body

    expect(Buffer.from(receipt.request, 'base64').toString()).not.toContain('grandmother')
  })

  test('is repaired within what was held: never more is charged', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order(shapeless)
    llama.order(endless)

    const answer = await user.analyze(dream)

    expectProblem(answer, 'analysis-unparseable')
    const [reservation] = await server.rows('reservation', user)
    expect(reservation).toMatchObject({ state: 'charged', cost: llama.unsettledFee(user.brokerAddress) })
    expect(reservation?.cost as bigint).toBeLessThanOrEqual(reservation?.amount as bigint)
  })

  test('is not repaired when what is left does not cover it', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const chats = llama.requests.chat
    llama.order(endless)

    const answer = await user.analyze(dream)

    const billed = llama.unsettledFee(user.brokerAddress)
    expect(expectProblem(answer, 'analysis-unparseable')).toMatchObject({ cost: formatOg(billed) })
    expect(llama.requests.chat).toBe(chats + 1)
    await expectExactBooks(server, user)
  })

  test('that stays so after the repair is a failure with the charge of both', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const chats = llama.requests.chat
    llama.order(shapeless)
    llama.order(shapeless)

    const answer = await user.analyze(dream)

    const billed = llama.unsettledFee(user.brokerAddress)
    expect(expectProblem(answer, 'analysis-unparseable')).toMatchObject({
      cost: formatOg(billed),
      remainingBalance: formatOg(parseOg('3') - billed),
    })
    expect(llama.requests.chat).toBe(chats + 2)
    await expectExactBooks(server, user)
  })

  test.each([
    ['the balance', { kind: 'refuse-balance' }],
    ['too many requests', { kind: 'status', status: 429 }],
    ['being overloaded', { kind: 'status', status: 503 }],
    ['a session token twice', { kind: 'status', status: 401 }],
  ] as const)('whose repair is refused for %s costs what the first call cost', async (what, fault) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order(shapeless)
    llama.order(fault)
    if (what.endsWith('twice')) llama.order(fault)

    const answer = await user.analyze(dream)

    const billed = llama.unsettledFee(user.brokerAddress)
    expect(billed).toBeGreaterThan(0n)
    expect(expectProblem(answer, 'analysis-unparseable')).toMatchObject({ cost: formatOg(billed) })
    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'charged', cost: billed }])
    await expectExactBooks(server, user)
  })

  test('is not repaired when it would be withheld', async () => {
    await using server = await startTestServer({ network, settings: { REQUIRE_VERIFICATION: 'content' } })
    const user = await server.newUser({ deposit: '3' })
    const chats = llama.requests.chat
    llama.order({ kind: 'wrong-signature' })

    expectProblem(await user.analyze(dream), 'verification-failed')
    expect(llama.requests.chat).toBe(chats + 1)
  })
})

describe('an answer out of form whose repair has an unknown outcome', () => {
  test.each([
    ['it breaks off midway', { kind: 'drop-mid-stream' }],
    ['it breaks off before it begins', { kind: 'drop-before-answer' }],
    ['it is no JSON', { kind: 'broken-json' }],
    ['it is an error', { kind: 'status', status: 500 }],
  ] as const)('because %s keeps all that is held, and its answer, until the bill is known', async (_what, fault) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    llama.order(shapeless)
    llama.order(fault)

    const answer = await server.post('/api/ai/analyze', body)

    const [held] = await server.rows('reservation', user)
    expect(held).toMatchObject({ state: 'unknown', cost: null })
    const told = expectProblem(answer, 'analysis-unparseable')
    expect(told).toMatchObject({ reserved: formatOg(held?.amount as bigint) })
    expect(parseOg(String(told.cost))).toBeGreaterThan(0n)
    expect((await user.balance()).body.reserved).toBe(formatOg(held?.amount as bigint))
    const { requestId: _, ...kept } = answer.body
    expect((await server.post('/api/ai/analyze', body)).body).toMatchObject(kept)

    await reconcile(server)

    const billed = llama.unsettledFee(user.brokerAddress)
    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'charged', cost: billed }])
    await expectExactBooks(server, user)
    expect((await server.post('/api/ai/analyze', body)).body).toMatchObject(kept)
  })

  test('because it hangs past the deadline is told at the deadline', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    server.settings.ANALYSIS_DEADLINE_SECONDS = 0.5
    await server.restart()
    await server.get('/api/ai/models')
    llama.order(shapeless)
    llama.order({ kind: 'hang' })

    const answer = await user.analyze(dream)
    await reconcile(server)

    expectProblem(answer, 'analysis-unparseable')
    const billed = llama.unsettledFee(user.brokerAddress)
    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'charged', cost: billed }])
    await expectExactBooks(server, user)
  })

  test.each([
    ['has told its usage', 'provider-answered'],
    ['was proved', 'answer-proved'],
  ] as const)('because the process stands still after it %s is booked without it, once', async (_when, place) => {
    let passes = 0
    const gate = new EventEmitter()
    const standsStill = once(gate, 'stopped')
    const checkpoint = async (name: string) => {
      if (name !== place) return
      passes += 1
      if (passes < 2) return
      gate.emit('stopped')
      await once(gate, 'opened')
    }
    await using server = await startTestServer({ network, seams: { checkpoint } })
    const user = await server.newUser({ deposit: '3' })
    llama.order(shapeless)
    llama.order(good)
    const answering = user.analyze(dream)
    await standsStill

    await reconcile(server)
    const billed = llama.unsettledFee(user.brokerAddress)
    expect(await server.rows('reservation', user)).toMatchObject([{ state: 'charged', cost: billed }])
    gate.emit('opened')

    expect(await answering).toMatchObject({ status: 200, body: { analysis, cost: formatOg(billed) } })
    expect(await server.rows('adjustment', user)).toEqual([])
    await expectExactBooks(server, user)
  })
})

describe('an answer that had to stop', () => {
  const cut: Fault = {
    kind: 'raw-answer',
    content: JSON.stringify({ ...analysis, interpretation: 'The sea may be far. '.repeat(200) }),
  }

  test('is not passed off as whole', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order(cut)

    const answer = await user.analyze(dream)

    expectProblem(answer, 'analysis-unparseable')
    await expectExactBooks(server, user)
  })

  test('is repaired where enough is held', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order(cut)
    llama.order(good)

    const answer = await user.analyze(`${dream} ${'Then it was dark. '.repeat(400)}`)

    expect(answer).toMatchObject({ status: 200, body: { analysis } })
    await expectExactBooks(server, user)
  })
})
