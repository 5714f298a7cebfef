import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readChainBooks } from '../../testing/chain-books.ts'
import { dream } from '../../testing/dream.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { howToStartPostgres } from '../../testing/test-databases.ts'
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

/** The same signature in its other encodings. */
const encodings: [string, (signature: string) => string][] = [
  ['upper-case hex', (signature) => `0x${signature.slice(2).toUpperCase()}`],
  ['v of 0 or 1', (signature) => signature.slice(0, -2) + (signature.endsWith('1b') ? '00' : '01')],
]

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

describe('a deposit asked for again', () => {
  test('at once or later is the one deposit', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')

    const together = await Promise.all([1, 2, 3].map(() => server.post('/api/broker/fund', body)))
    await server.restart()
    server.clock.advance(hourMs)
    const later = await server.post('/api/broker/fund', body)

    expect(new Set([...together, later].map(({ text }) => text)).size).toBe(1)
    expect(later).toMatchObject({ status: 200, body: { newBalance: '4', status: 'confirmed' } })
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ total: parseOg('4'), nonce: 1 })
    expect(await server.rows('deposit', user)).toHaveLength(1)
  })

  test.each(encodings)('with its signature in %s is the one deposit', async (_encoding, encode) => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')

    const answers = await Promise.all([
      server.post('/api/broker/fund', body),
      server.post('/api/broker/fund', { ...body, signature: encode(body.signature) }),
    ])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ total: parseOg('4'), nonce: 1 })
  })

  test('that was refused for lack of funds works once they are there', async () => {
    const user = await server.newUser()
    const body = await user.signFund('4')
    const refused = await server.post('/api/broker/fund', body)
    await user.pay(user.brokerAddress, parseOg('5'))
    server.clock.advance(hourMs)

    const answer = await server.post('/api/broker/fund', body)

    expectProblem(refused, 'insufficient-funds')
    expect(answer).toMatchObject({ status: 200, body: { newBalance: '4' } })
  })

  test('with another amount is refused', async () => {
    const user = await server.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')
    await server.post('/api/broker/fund', body)

    const other = await server.post('/api/broker/fund', { ...body, amount: '5' })

    // The amount is part of the signed text.
    expectProblem(other, 'signature-invalid')
  })
})

describe('two processes on one database', () => {
  test('run an analysis once', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    await using one = await startTestServer({ network, database: 'postgres' })
    await using other = await startTestServer({ network, place: one.place, clock: one.clock })
    const user = await one.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    const chats = llama.requests.chat
    llama.order({ kind: 'delay', delayMs: 100 })

    const answers = await Promise.all([one.post('/api/ai/analyze', body), other.post('/api/ai/analyze', body)])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(answers[0]?.text).toBe(answers[1]?.text)
    expect(llama.requests.chat).toBe(chats + 1)
    expect(await one.rows('user_queries', user)).toHaveLength(1)
  })

  test('agree that an answer is lost when its run outlived its lease, and book what it cost', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    await using one = await startTestServer({ network, database: 'postgres' })
    await using other = await startTestServer({ network, place: one.place, clock: one.clock })
    const user = await one.newUser({ deposit: '3' })
    const body = await user.signAnalyze(dream)
    const chats = llama.requests.chat
    llama.order({ kind: 'delay', delayMs: 500 })

    const slow = one.post('/api/ai/analyze', body)
    await expect.poll(() => llama.requests.chat, { interval: 5 }).toBe(chats + 1)
    one.clock.advance(181_000)
    const second = await other.post('/api/ai/analyze', body)
    const first = await slow
    const third = await one.post('/api/ai/analyze', body)

    for (const answer of [first, second, third]) expectProblem(answer, 'provider-failed')
    expect(llama.requests.chat).toBe(chats + 1)
    expect(await one.rows('user_queries', user)).toEqual([])
    expect(await one.rows('reservation', user)).toMatchObject([{ state: 'held' }])
    await one.context.reconciliation.run()
    one.clock.advance(120_001)
    await one.context.reconciliation.run()
    const { total, unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(unsettled).toBeGreaterThan(0n)
    expect(await one.rows('reservation', user)).toMatchObject([{ state: 'charged', cost: unsettled }])
    expect((await user.balance()).body.balance).toBe(String(total - unsettled))
  })

  test('make a deposit once', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    await using one = await startTestServer({ network, database: 'postgres' })
    await using other = await startTestServer({ network, place: one.place, clock: one.clock })
    const user = await one.newUser()
    await user.pay(user.brokerAddress, parseOg('10'))
    const body = await user.signFund('4')

    const answers = await Promise.all([one.post('/api/broker/fund', body), other.post('/api/broker/fund', body)])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(answers[0]?.text).toBe(answers[1]?.text)
    expect(await readChainBooks(network.devnet, user.brokerAddress)).toMatchObject({ total: parseOg('4'), nonce: 1 })
  })

  test('send the transactions of one account one after the other', async ({ skip }) => {
    if (!network.databases.hasPostgres) skip(howToStartPostgres)
    await using one = await startTestServer({ network, database: 'postgres' })
    await using other = await startTestServer({ network, place: one.place, clock: one.clock })
    const user = await one.newUser({ deposit: '4' })

    const answers = await Promise.all([
      user.analyze(dream, { model: 'llama' }),
      user.analyze(dream, { model: 'deepseek' }, { server: other }),
      user.analyze(dream, { model: 'llama' }, { server: other }),
    ])

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const { nonce, total, unsettled } = await readChainBooks(network.devnet, user.brokerAddress)
    expect(nonce).toBe(3)
    expect((await user.balance()).body.balance).toBe(String(total - unsettled))
  })
})
