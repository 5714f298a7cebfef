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
