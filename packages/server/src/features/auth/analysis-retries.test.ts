import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { encodings } from '../../testing/encodings.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let server: TestServer
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  server = await startTestServer({ network })
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})

const hourMs = 3_600_000

describe('an analysis asked for again', () => {
  test('while it is under way waits for the one answer and pays once', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    const chats = llama.requests.chat
    llama.order({ kind: 'delay', delayMs: 100 })

    const answers = await Promise.all([1, 2, 3].map(() => server.post('/api/ai/analyze', body)))

    const [first] = answers
    expect(first?.status).toBe(200)
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set([first?.text]))
    expect(llama.requests.chat).toBe(chats + 1)
    expect((await readChainBooks(network.devnet, user.brokerAddress)).unsettled).toBe(parseOg(first?.body.cost))
    expect(await server.rows('user_queries', user)).toHaveLength(1)
  })

  test.each([
    ['at once', 0],
    ['after the signature went stale', 6 * 60_000],
    ['a day later', 24 * hourMs],
  ])('gets the first answer byte for byte %s', async (_when, laterMs) => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    const first = await server.post('/api/ai/analyze', body)
    const chats = llama.requests.chat
    server.clock.advance(laterMs)

    const again = await server.post('/api/ai/analyze', body)

    expect(again.status).toBe(200)
    expect(again.text).toBe(first.text)
    expect(llama.requests.chat).toBe(chats)
  })

  test('gets the first answer byte for byte from the next process', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    const first = await server.post('/api/ai/analyze', body)
    await server.restart()
    server.clock.advance(hourMs)

    const again = await server.post('/api/ai/analyze', body)

    expect(again.text).toBe(first.text)
  })

  test('gets its receipt without the bytes, which are handed out once', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream, { receipt: 'full' })

    const first = await server.post('/api/ai/analyze', body)
    const again = await server.post('/api/ai/analyze', body)

    expect(first.body.receipt).toHaveProperty('request')
    const { request, response, ...receipt } = first.body.receipt
    expect(again.body).toEqual({ ...first.body, receipt })
  })

  test('is told that it is too old once its answer was forgotten, and is not run again', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    await server.post('/api/ai/analyze', body)
    const chats = llama.requests.chat
    server.clock.advance(24 * hourMs + 1)
    await server.context.auth.prune()

    const again = await server.post('/api/ai/analyze', body)

    expectProblem(again, 'signature-expired')
    expect(llama.requests.chat).toBe(chats)
  })

  test.each(encodings)('with its signature in %s is the same request', async (_encoding, encode) => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    const first = await server.post('/api/ai/analyze', body)
    const chats = llama.requests.chat

    const again = await server.post('/api/ai/analyze', { ...body, signature: encode(body.signature) })

    expect(again.text).toBe(first.text)
    expect(llama.requests.chat).toBe(chats)
  })

  test('with its members in another order, and some we do not know, is the same request', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream, { model: 'llama', level: 1 })
    const first = await server.post('/api/ai/analyze', body)
    const reversed = Object.fromEntries(Object.entries(body).reverse())

    const again = await server.post('/api/ai/analyze', {
      ...reversed,
      options: { level: 1, model: 'llama', mood: 'calm' },
      colour: 'blue',
    })

    expect(again.text).toBe(first.text)
  })

  test.each([
    ['another dream', { dreamText: 'Another dream' }],
    ['another model', { options: { model: 'deepseek' } }],
    ['another level', { options: { level: 7 } }],
  ])('with %s is refused, before and after a restart', async (_what, other) => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    await server.post('/api/ai/analyze', body)
    const chats = llama.requests.chat

    const before = await server.post('/api/ai/analyze', { ...body, ...other })
    await server.restart()
    const after = await server.post('/api/ai/analyze', { ...body, ...other })

    expectProblem(before, 'signature-used')
    expectProblem(after, 'signature-used')
    expect(llama.requests.chat).toBe(chats)
  })

  test('with another dream while the first is under way is refused', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    llama.order({ kind: 'delay', delayMs: 100 })

    const [first, other] = await Promise.all([
      server.post('/api/ai/analyze', body),
      server.post('/api/ai/analyze', { ...body, dreamText: 'Another dream' }),
    ])

    const [won, lost] = first.status === 200 ? [first, other] : [other, first]
    expect(won.status).toBe(200)
    expectProblem(lost, 'signature-used')
    expect(await server.rows('user_queries', user)).toHaveLength(1)
  })

  test('with another dream is refused also when the first one moved nothing', async () => {
    const user = await server.newUser()
    const body = await user.signAnalyze(dream)
    await server.post('/api/ai/analyze', body)

    const other = await server.post('/api/ai/analyze', { ...body, dreamText: 'Another dream' })

    expectProblem(other, 'signature-used')
  })

  test('gets a failure that may have cost something as it was, and runs no more', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    llama.order({ kind: 'raw-answer', content: 'I would rather not.' })
    const first = await server.post('/api/ai/analyze', body)
    const chats = llama.requests.chat
    await server.restart()

    const again = await server.post('/api/ai/analyze', body)

    const { requestId: _first, ...problem } = expectProblem(first, 'analysis-unparseable')
    const { requestId: _again, ...repeated } = expectProblem(again, 'analysis-unparseable')
    expect(repeated).toEqual(problem)
    expect(llama.requests.chat).toBe(chats)
  })

  test('gets its answer when the client left before it came', async () => {
    const user = await server.newUser({ deposit: '3' })
    await user.analyze(dream)
    const body = await user.signAnalyze(dream)
    const chats = llama.requests.chat
    llama.order({ kind: 'delay', delayMs: 100 })
    const gone = new AbortController()
    const left = fetch(`${server.url}/api/ai/analyze`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: gone.signal,
    })
    await expect.poll(() => llama.requests.chat, { interval: 5 }).toBe(chats + 1)
    gone.abort()
    await expect(left).rejects.toThrow('abort')

    const again = await server.post('/api/ai/analyze', body)

    expect(again.status).toBe(200)
    expect(llama.requests.chat).toBe(chats + 1)
  })
})
