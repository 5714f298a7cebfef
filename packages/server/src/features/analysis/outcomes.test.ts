import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'

let network: TestNetwork
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(() => network.close())

/** How long a bill must stand unchanged. */
const steadyMs = 120_000

/** Past the deadline of a request, its grace, and the time that a bill must stand unchanged. */
async function reconcile({ clock, context }: TestServer): Promise<void> {
  clock.advance(180_001)
  await context.reconciliation.run()
  clock.advance(steadyMs)
  await context.reconciliation.run()
}

async function expectExactBooks(server: TestServer, user: TestUser): Promise<void> {
  const { total, unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
  const { body } = await user.balance()
  expect(body).toMatchObject({
    balance: String(total - unsettled),
    unsettled: formatOg(unsettled),
    reserved: '0',
  })
  const broker = server.context.broker
  expect(await broker.findBalance(user.address, server.context.db)).toBe(total - unsettled)
}

describe('a provider that refuses', () => {
  test.each([
    ['503', { kind: 'status', status: 503 }],
    ['429', { kind: 'status', status: 429, headers: { 'retry-after': '7' } }],
    ['400', { kind: 'status', status: 400 }],
    ['401 twice', { kind: 'status', status: 401 }],
    ['a balance that is there twice', { kind: 'refuse-balance' }],
  ] as const)('with %s costs nothing and holds nothing', async (what, fault) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order(fault)
    if (what.endsWith('twice')) llama.order(fault)

    const answer = await user.analyze(dream)

    expectProblem(answer, 'provider-unavailable')
    for (const row of await server.rows('reservation', user)) expect(row).toMatchObject({ state: 'released', cost: 0n })
    expect(await server.rows('sub_account', user)).toMatchObject([{ reserved: 0n, charged: 0n }])
    expect(await server.rows('user_queries', user)).toEqual([])
    await expectExactBooks(server, user)
  })

  test('for a balance once is asked again', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'refuse-balance' })

    const answer = await user.analyze(dream)

    expect(answer.status).toBe(200)
    expect(await server.rows('user_queries', user)).toHaveLength(1)
    await expectExactBooks(server, user)
  })

  test('the balance once is asked again', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'refuse-balance' })

    const answer = await user.analyze(dream)

    expect(answer.status).toBe(200)
    await expectExactBooks(server, user)
  })

  test('an old session token once is given a new one', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'status', status: 401 })

    const answer = await user.analyze(dream)

    expect(answer.status).toBe(200)
    await expectExactBooks(server, user)
  })
})

describe('a provider whose outcome is unknown', () => {
  test('because it hangs past the deadline keeps the worst case held', async () => {
    await using server = await startTestServer({ network, settings: { ANALYSIS_DEADLINE_SECONDS: 0.5 } })
    const user = await server.newUser({ deposit: '3' })
    await user.analyze(dream)
    const before = (await user.balance()).body
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
    await using server = await startTestServer({ network, settings: { ANALYSIS_DEADLINE_SECONDS: 0.5 } })
    const user = await server.newUser({ deposit: '3' })
    const { cost } = (await user.analyze(dream)).body
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

describe('an answer that is no analysis', () => {
  test.each([
    ['plain words', 'I would rather not tell of the ocean.'],
    ['half a JSON', '{"interpretation": "An ocean'],
    ['another shape', '{"interpretation": 7, "symbols": "ocean"}'],
    ['an empty interpretation', '{"interpretation": " ", "symbols": [], "emotions": [], "insights": []}'],
    ['thinking that never ends', '<think> the ocean, the ocean'],
  ])('of %s is charged as billed and told as a failure', async (_what, content) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'raw-answer', content })

    const answer = await user.analyze(dream)

    const billed = llama.unsettledFee(user.brokerAddress)
    expect(expectProblem(answer, 'analysis-unparseable')).toMatchObject({
      cost: formatOg(billed),
      remainingBalance: formatOg(parseOg('3') - billed),
    })
    expect(await server.rows('user_queries', user)).toMatchObject([{ cost_neuron: billed }])
    expect(answer.text).not.toContain('ocean')
    await expectExactBooks(server, user)
  })

  test.each([
    ['in a code fence', (json: string) => `\`\`\`json\n${json}\n\`\`\``],
    ['after thinking aloud', (json: string) => `<think>{"not": "this"}</think>${json}`],
    ['after thinking that was never opened', (json: string) => `hm {"x": 1} </think>\n${json}`],
    ['between words', (json: string) => `Here you are: ${json} Sleep well.`],
  ])('is found %s', async (_where, wrap) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const analysis = { interpretation: 'The sea.', symbols: ['sea'], emotions: [], insights: [] }
    llama.order({ kind: 'raw-answer', content: wrap(JSON.stringify(analysis)) })

    const answer = await user.analyze(dream)

    expect(answer).toMatchObject({ status: 200, body: { analysis } })
  })
})

describe('usage', () => {
  test('that is not told is reckoned in words, as the provider bills it', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'no-usage' })

    const { body } = await user.analyze(dream)

    expect(parseOg(body.cost)).toBe(BigInt(body.usage.outputTokens) * llama.outputPrice)
    expect(parseOg(body.cost)).toBe(llama.unsettledFee(user.brokerAddress))
    await expectExactBooks(server, user)
  })

  test.each([
    ['nonsense', { prompt_tokens: -1, completion_tokens: 'many' }],
    ['less than is billed', { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }],
    ['more than is billed', { prompt_tokens: 300, completion_tokens: 450, total_tokens: 750 }],
  ])('of %s does not make the balance differ from the chain', async (_what, usage) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'bad-usage', usage })

    const answer = await user.analyze(dream)
    await network.devnet.settle()
    await reconcile(server)

    expect(answer.status).toBe(200)
    await expectExactBooks(server, user)
  })

  test('above anything possible is held to the worst case, and the provider gets no more requests', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'bad-usage', usage: { prompt_tokens: 10 ** 9, completion_tokens: 10 ** 9, total_tokens: 2e9 } })

    const answer = await user.analyze(dream)

    const { body } = await user.balance()
    expect(answer.status).toBe(200)
    expect(BigInt(body.balance)).toBeGreaterThanOrEqual(0n)
    expect(await user.analyze(dream, { model: 'llama' })).toMatchObject({
      status: 503,
      body: { code: 'provider-unavailable' },
    })
  })
})

describe('the verdict on an answer', () => {
  test.each([
    ['signed by another key', { kind: 'wrong-signature' }, 'none'],
    ['never signed', { kind: 'missing-signature' }, 'none'],
    ['signed late', { kind: 'late-signature', misses: 2 }, 'content'],
    ['signed over another text', { kind: 'other-text-signature' }, 'signer'],
  ] as const)('%s is told', async (_what, fault, verdict) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    llama.order(fault)

    const answer = await user.analyze(dream)

    expect(answer).toMatchObject({ status: 200, body: { verification: verdict } })
    expect(await server.rows('user_queries', user)).toMatchObject([{ verification: verdict }])
    await expectExactBooks(server, user)
  })

  test.each([
    ['content', { kind: 'other-text-signature' }],
    ['content', { kind: 'wrong-signature' }],
    ['signer', { kind: 'wrong-signature' }],
  ] as const)('less than %s withholds it where that is required, and it is charged', async (required, fault) => {
    await using server = await startTestServer({ network, settings: { REQUIRE_VERIFICATION: required } })
    const user = await server.newUser({ deposit: '3' })
    llama.order(fault)

    const answer = await user.analyze(dream)

    const billed = llama.unsettledFee(user.brokerAddress)
    expect(expectProblem(answer, 'verification-failed')).toMatchObject({ cost: formatOg(billed) })
    expect(answer.body).not.toHaveProperty('analysis')
    await expectExactBooks(server, user)
  })
})
