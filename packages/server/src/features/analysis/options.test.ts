import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { type Answer, startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'

let network: TestNetwork
let server: TestServer
let user: TestUser
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
  server = await startTestServer({ network })
  user = await server.newUser({ deposit: '4' })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})

const cards = Array.from({ length: 30 }, (_, index) => ({
  summary: `Dream ${index}.`,
  symbols: ['sea'],
  mood: 'ignored',
}))

const messagesIn = ({ body }: Answer): { content: string }[] =>
  JSON.parse(Buffer.from(body.receipt.request, 'base64').toString()).messages

describe('POST /api/ai/analyze with earlier dreams', () => {
  test.each([
    [1, 0],
    [2, 3],
    [3, 5],
    [4, 10],
    [5, 15],
    [6, 20],
    [7, 30],
  ])('on level %i reads %i of 30, and says so', async (level, contextUsed) => {
    const answer = await user.analyze(dream, { level, context: cards, receipt: 'full' })

    expect(answer).toMatchObject({ status: 200, body: { level, contextUsed } })
    const question = messagesIn(answer).at(-1)?.content ?? ''
    expect(question.match(/Dream \d+\./g) ?? []).toHaveLength(contextUsed)
    if (contextUsed > 0)
      expect(question).toContain(`sea: in ${contextUsed} of ${contextUsed} earlier dreams, and in this one`)
  })

  test('holds the worst case of all that is sent, and charges what is billed', async () => {
    const before = (await server.rows('reservation', user)).length

    await user.analyze(dream, { level: 7 })
    const answer = await user.analyze(dream, { level: 7, context: cards, receipt: 'full' })

    const [without, withCards] = (await server.rows('reservation', user)).slice(before)
    const bytes = messagesIn(answer).reduce((sum, { content }) => sum + Buffer.byteLength(content), 0)
    expect(withCards?.amount as bigint).toBeGreaterThanOrEqual(BigInt(bytes) * llama.inputPrice)
    expect(withCards?.amount as bigint).toBeGreaterThan((without?.amount as bigint) + 1_000n * llama.inputPrice)
    expect(withCards?.cost as bigint).toBeGreaterThan(without?.cost as bigint)
  })

  test.each([
    ['a list that is none', { context: 'sea' }],
    ['101 of them', { context: Array.from({ length: 101 }, () => ({})) }],
    ['a summary of 601 letters', { context: [{ summary: 'z'.repeat(601) }] }],
    ['21 symbols', { context: [{ symbols: Array.from({ length: 21 }, () => 'sea') }] }],
    ['a symbol of 61 letters', { context: [{ symbols: ['z'.repeat(61)] }] }],
    ['half a character', { context: [{ summary: '\ud83c' }] }],
    ['a date that is none', { context: [{ date: 'yesterday' }] }],
  ])('refuses %s', async (_what, options) => {
    expectProblem(await user.analyze(dream, options), 'invalid-request')
  })
})

describe('POST /api/ai/analyze in a language', () => {
  test.each([
    ['de', 'German (de)'],
    ['pt-br', 'Brazilian Portuguese (pt-BR)'],
  ])('%s is asked for by its name', async (language, name) => {
    const answer = await user.analyze(dream, { language, receipt: 'full' })

    expect(messagesIn(answer)[0]?.content).toContain(`Write in ${name}`)
  })

  test.each(['', 'x', 'German', 'de_DE', 'de-', 'e'.repeat(40), 'i-klingon', '../..', 7])(
    '%j is refused',
    async (language) => {
      expectProblem(await user.analyze(dream, { language }), 'invalid-request')
    },
  )
})

test('an analysis has its extra fields, and tells which instructions it came from', async () => {
  const { body } = await user.analyze('I was angry, and was chased over a bridge into the sea.', { level: 2 })

  expect(body.analysis).toEqual({
    interpretation: expect.stringContaining('\n\n'),
    symbols: expect.arrayContaining(['bridge', 'sea']),
    emotions: expect.arrayContaining(['anger']),
    insights: expect.any(Array),
    themes: expect.any(Array),
    reflectionQuestions: [expect.stringContaining('?')],
    language: 'en',
  })
  expect(body.promptVersion).toBe('3')
})
