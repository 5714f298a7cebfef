import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { readEvents, textOf } from '../../testing/read-events.ts'
import { reconcile } from '../../testing/reconcile.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let server: TestServer
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
  server = await startTestServer({ network })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})

const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }

/** Asks for an analysis as events. */
const stream = (body: object, init: RequestInit = {}, { url } = server) =>
  fetch(`${url}/api/ai/analyze`, { method: 'POST', headers, body: JSON.stringify(body), ...init })

const names = (events: { event: string | undefined }[]) => [...new Set(events.map(({ event }) => event))]

describe('an analysis asked for as events', () => {
  test('comes as deltas, analysis, usage and done, and says the same as JSON', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream, { level: 5 })

    const response = await stream(body)

    const events = await readEvents(response)
    const json = await server.post('/api/ai/analyze', body)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(names(events)).toEqual(['delta', 'analysis', 'usage', 'done'])
    const [analysis, usage, done] = events.slice(-3).map(({ data }) => data)
    const { success, analysis: same, ...rest } = json.body
    expect({ success, analysis, usage, done }).toEqual({ success: true, analysis: same, usage: rest, done: {} })
    expect(textOf(events)).toBe(same.interpretation)
    expect(usage).toMatchObject({ verification: 'content', level: 5 })
    await expectExactBooks(server, user)
  })

  test('comes without deltas the second time, and is paid once', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    const first = await readEvents(await stream(body))

    const second = await readEvents(await stream(body))

    expect(names(second)).toEqual(['analysis', 'usage', 'done'])
    expect(second).toEqual(first.slice(-3))
    expect(await server.rows('reservation', user)).toHaveLength(1)
  })

  test('after a thought has deltas of the interpretation alone', async () => {
    const user = await server.newUser({ deposit: '3' })
    const answer = { interpretation: 'Warten am Meer.', symbols: [], emotions: [], insights: [] }
    llama.order({ kind: 'raw-answer', content: `<think>{"interpretation":"no"}</think>${JSON.stringify(answer)}` })

    const events = await readEvents(await stream(await user.signAnalyze(dream)))

    expect(textOf(events)).toBe('Warten am Meer.')
  })

  test('has deltas that are plain text and stop before what must not be said', async () => {
    const user = await server.newUser({ deposit: '3' })
    const interpretation = 'The <b>sea</b> is deep. You should kill yourself now. It is calm.'
    llama.order({
      kind: 'raw-answer',
      content: JSON.stringify({ interpretation, symbols: [], emotions: [], insights: [] }),
    })

    const events = await readEvents(await stream(await user.signAnalyze(dream)))

    expect(textOf(events)).toMatch(/^The ‹b›sea‹\/b› is deep\./)
    expect(textOf(events)).not.toMatch(/yourself|calm/)
    const analysis = events.find(({ event }) => event === 'analysis')?.data
    expect(analysis).toMatchObject({ safety: { flag: 'crisis' }, symbols: [] })
  })

  test('to a dreamer in crisis is help, without deltas', async () => {
    const user = await server.newUser()

    const events = await readEvents(await stream(await user.signAnalyze('I want to kill myself tonight.')))

    expect(names(events)).toEqual(['analysis', 'usage', 'done'])
    expect(events[0]?.data).toMatchObject({ safety: { flag: 'crisis' } })
    expect(events[1]?.data).toMatchObject({ cost: '0', verification: 'none', provider: null })
  })

  test('is JSON for who takes anything', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)

    const response = await stream(body, { headers: { ...headers, accept: '*/*' } })

    expect(await response.json()).toMatchObject({ success: true })
  })

  test.each([
    ['none', undefined],
    ['content', true],
  ] as const)('where verification %s is required marks its deltas accordingly', async (required, provisional) => {
    await using strict = await startTestServer({ network, settings: { REQUIRE_VERIFICATION: required } })
    const user = await strict.newUser({ deposit: '3' })

    const events = await readEvents(await stream(await user.signAnalyze(dream), {}, strict))

    const deltas = events.filter(({ event }) => event === 'delta')
    expect(deltas.length).toBeGreaterThan(0)
    for (const { data } of deltas) expect(data.provisional).toBe(provisional)
  })
})

describe('a problem', () => {
  test('before the first event is a problem document', async () => {
    const user = await server.newUser()

    const response = await stream(await user.signAnalyze(dream))

    expect(response.status).toBe(402)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(await response.json()).toMatchObject({ code: 'insufficient-funds' })
  })

  test.each([
    ['breaks off', { kind: 'drop-mid-stream' }, 'provider-failed'],
    ['stands still until the deadline', { kind: 'stall-mid-stream' }, 'deadline-exceeded'],
  ] as const)(
    'after the first event, because the provider %s, ends the stream with an error',
    async (_what, fault, code) => {
      await using hurried = await startTestServer({ network })
      const user = await hurried.newUser({ deposit: '3' })
      await user.analyze(dream)
      hurried.settings.ANALYSIS_DEADLINE_SECONDS = 0.5
      await hurried.restart()
      await hurried.get('/api/ai/models')
      llama.order(fault)
      const body = await user.signAnalyze(dream, { level: 5 })

      const response = await stream(body, {}, hurried)

      const events = await readEvents(response)
      expect(response.status).toBe(200)
      expect(names(events)).toEqual(['delta', 'error'])
      expect(events.at(-1)?.data).toMatchObject({ success: false, code, requestId: expect.any(String) })
      await reconcile(hurried)
      await expectExactBooks(hurried, user)
    },
  )

  test('of verification comes after deltas that were provisional', async () => {
    await using strict = await startTestServer({ network, settings: { REQUIRE_VERIFICATION: 'content' } })
    const user = await strict.newUser({ deposit: '3' })
    llama.order({ kind: 'wrong-response-hash' })

    const events = await readEvents(await stream(await user.signAnalyze(dream), {}, strict))

    expect(names(events)).toEqual(['delta', 'error'])
    expect(events.at(-1)?.data).toMatchObject({ code: 'verification-failed' })
  })
})

describe('a reader that leaves', () => {
  test('pays what the provider bills and finds the answer when it comes back', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream, { level: 5 })
    const leaving = new AbortController()
    const response = await stream(body, { signal: leaving.signal })
    await response.body?.getReader().read()

    leaving.abort()
    const again = await server.post('/api/ai/analyze', body)

    expect(again.status).toBe(200)
    expect(parseOg(again.body.cost)).toBe(llama.unsettledFee(user.brokerAddress))
    await expectExactBooks(server, user)
  })
})

test('a server that shuts down ends its streams first', async () => {
  await using other = await startTestServer({ network })
  const user = await other.newUser({ deposit: '3' })
  const response = await stream(await user.signAnalyze(dream, { level: 5 }), {}, other)

  const [events] = await Promise.all([readEvents(response), other.stop()])

  expect(names(events)).toEqual(['delta', 'analysis', 'usage', 'done'])
})
