import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { type Answer, startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'

let network: TestNetwork
let server: TestServer
let llama: DevnetProvider
let user: TestUser
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(() => network.close())

beforeEach(async () => {
  server = await startTestServer({ network })
  user = await server.newUser({ deposit: '3' })
  await server.context.schemas.refresh()
  return () => server[Symbol.asyncDispose]()
})

/** The request to the provider, as the receipt of an analysis holds it. */
const requestIn = ({ body }: Answer) => JSON.parse(Buffer.from(body.receipt.request, 'base64').toString())

const refusal = (error: string) => ({ kind: 'status', status: 400, body: { error } }) as const

describe('a provider that takes a JSON Schema', () => {
  test('is asked for the answer by one, whose interpretation comes first', async () => {
    const request = requestIn(await user.analyze(dream, { receipt: 'full' }))

    const { json_schema: format, type } = request.response_format
    expect(type).toBe('json_schema')
    expect(Object.keys(format.schema.properties)).toEqual(['interpretation', 'rest'])
    expect(format.schema).toMatchObject({ additionalProperties: false, required: ['interpretation', 'rest'] })
  })

  test('is believed, and its answer checked all the same', async () => {
    llama.order({ kind: 'raw-answer', content: '{"interpretation": 7}' })

    expectProblem(await user.analyze(dream), 'analysis-unparseable')
  })

  test('is asked once an hour whether it does, and never by a request', async () => {
    const before = llama.requests.models

    await user.analyze(dream)
    await server.context.schemas.refresh()
    const soon = llama.requests.models
    server.clock.advance(3_600_000)
    await server.context.schemas.refresh()

    expect(soon).toBe(before)
    expect(llama.requests.models).toBe(before + 1)
  })

  test.each([
    'response_format is not supported by this model',
    'model llama-3.3-70b-instruct: json_schema not supported',
    'Invalid grammar: could not compile',
  ])('and refuses it after all (%s) is asked in words, under the same reservation', async (error) => {
    const chats = llama.requests.chat
    llama.order(refusal(error))

    const first = requestIn(await user.analyze(dream, { receipt: 'full' }))
    const second = requestIn(await user.analyze(dream, { receipt: 'full' }))

    expect([first.response_format, second.response_format]).toEqual([undefined, undefined])
    expect(llama.requests.chat).toBe(chats + 3)
    expect(await server.rows('reservation', user)).toHaveLength(2)
    await expectExactBooks(server, user)
  })

  test('and refuses without a reason is asked in words the next time', async () => {
    llama.order(refusal('invalid request'))

    expectProblem(await user.analyze(dream), 'provider-unavailable')
    const next = requestIn(await user.analyze(dream, { receipt: 'full' }))

    expect(next.response_format).toBeUndefined()
  })

  test('signs and proves what was sent in the end', async () => {
    llama.order(refusal('response_format is not supported'))

    const answer = await user.analyze(dream)

    expect(answer).toMatchObject({ status: 200, body: { verification: 'content' } })
  })
})

test('a provider that does not say so is asked in words, and answers in the same shape', async () => {
  const answer = await user.analyze(dream, { model: 'deepseek', receipt: 'full' })

  expect(requestIn(answer)).not.toHaveProperty('response_format')
  expect(answer.body.analysis).toMatchObject({
    symbols: expect.arrayContaining(['sea']),
    reflectionQuestions: [expect.any(String)],
  })
})
