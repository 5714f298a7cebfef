import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { messages } from '@dreamscape/protocol/identity'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex, hashMessage, hexToBytes } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deriveBrokerKey } from '../../chain/broker-signer.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer, testSecret } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'

let network: TestNetwork
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(() => network.close())

const dreamSentinel = 'Quetzalcoatlus'
const answerSentinel = 'Zwischenzug'

const secretDream = `I dreamt of a ${dreamSentinel} over the sea.`
const secretAnalysis = JSON.stringify({
  interpretation: `A ${answerSentinel}.`,
  symbols: [answerSentinel],
  emotions: [answerSentinel],
  insights: [answerSentinel],
})

/** What may stand in no table and no log line, in every spelling we can think of. */
function secretsOf(server: TestServer, user: TestUser, signatures: string[]): string[] {
  const brokerKey = deriveBrokerKey(server.settings.BROKER_SECRET, 31337, user.address)
  const hexes = [testSecret, brokerKey, ...signatures].map((hex) => hex.replace(/^0x/, '').toLowerCase())
  const texts = [dreamSentinel, answerSentinel]
  return [
    ...texts,
    ...texts.map((text) => Buffer.from(text).toString('hex')),
    ...hexes,
    // r alone identifies a signature, and is half of what opens a sealed answer.
    ...signatures.map((signature) => signature.slice(2, 66)),
    'app-sk-',
    'Bearer',
  ]
}

function expectNone(where: string, text: string, secrets: string[]): void {
  const found = secrets.filter((secret) => text.toLowerCase().includes(secret.toLowerCase()))
  expect(found, where).toEqual([])
}

/** Another valid signature of the same wallet over the same message, as wallets make that choose their nonce at random. */
function signAgain({ address, privateKey }: TestUser, timestamp: number): string {
  const digest = hashMessage(messages.analyze({ address, timestamp }), 'bytes')
  const options = { prehash: false, lowS: true, extraEntropy: true, format: 'recovered' } as const
  const [recovery = 0, ...compact] = secp256k1.sign(digest, hexToBytes(privateKey), options)
  return bytesToHex(Uint8Array.of(...compact, 27 + recovery))
}

describe('what is kept and logged', () => {
  test.each([
    ['an analysis', undefined, 200],
    ['an answer that is no analysis', { kind: 'raw-answer', content: `No JSON, but a ${answerSentinel}` }, 502],
    ['a stream that broke', { kind: 'drop-mid-stream' }, 502],
    ['broken JSON', { kind: 'broken-json' }, 502],
    [
      'a refusal that repeats the request',
      { kind: 'status', status: 400, body: { error: `bad request: ${secretDream}` } },
      503,
    ],
    ['a failure that repeats the request', { kind: 'status', status: 500, body: secretDream }, 502],
    ['a wrong signature', { kind: 'wrong-signature' }, 200],
  ] as const)('holds no dream, no answer and no secret after %s', async (_what, fault, status) => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(secretDream)
    llama.order(fault ?? { kind: 'raw-answer', content: secretAnalysis })

    const answer = await server.post('/api/ai/analyze', body)
    await server.post('/api/ai/analyze', { ...body, dreamText: `Another ${dreamSentinel}` })
    await user.balance()

    expect(answer.status).toBe(status)
    const secrets = secretsOf(server, user, [body.signature])
    expectNone('tables', await server.dump(), secrets)
    expectNone('log', server.logLines().join('\n'), secrets)
    if (status !== 200) expectNone('answer', answer.text, secrets)
  })

  test('holds none after a restart and a reconciliation either', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(secretDream)
    llama.order({ kind: 'drop-mid-stream' })
    await server.post('/api/ai/analyze', body)
    await server.restart()
    server.clock.advance(200_000)

    await server.context.reconciliation.run()
    server.clock.advance(120_000)
    await server.context.reconciliation.run()

    const secrets = secretsOf(server, user, [body.signature])
    expectNone('tables', await server.dump(), secrets)
    expectNone('log', server.logLines().join('\n'), secrets)
  })

  test('holds no signature of any call, refused or not', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const timestamp = server.clock.now()
    const fund = await user.signFund('1')
    const forged = await user.signAnalyze(secretDream, undefined, { message: 'something else' })
    const stale = await user.signAnalyze(secretDream, undefined, { timestamp: timestamp - 3_600_000 })

    const answers = [
      await server.post('/api/broker/fund', fund),
      await server.post('/api/ai/analyze', forged),
      await server.post('/api/ai/analyze', stale),
      await server.post('/api/ai/analyze', { ...stale, options: { level: dreamSentinel } }),
      await server.request('/api/ai/analyze', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"dreamText": "${dreamSentinel}", `,
      }),
      await server.get(`/api/${dreamSentinel}`),
    ]

    const secrets = secretsOf(
      server,
      user,
      [fund, forged, stale].map(({ signature }) => signature),
    )
    expectNone('tables', await server.dump(), secrets)
    expectNone('log', server.logLines().join('\n'), secrets)
    for (const answer of answers) expectNone('answer', answer.text, secrets)
  })

  test('is opened by its own signature only, not by another of the same wallet over the same message', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(secretDream)
    llama.order({ kind: 'raw-answer', content: secretAnalysis })
    const first = await server.post('/api/ai/analyze', body)
    const signature = signAgain(user, body.timestamp)

    const closed = await server.post('/api/ai/analyze', { ...body, signature })
    const opened = await server.post('/api/ai/analyze', body)

    expect(signature).not.toBe(body.signature)
    expectProblem(closed, 'signature-used')
    expectNone('answer', closed.text, [dreamSentinel, answerSentinel])
    expect(first.text).toContain(answerSentinel)
    expect(opened.text).toBe(first.text)
  })

  test('lies in the database as bytes that say nothing', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(secretDream)
    llama.order({ kind: 'raw-answer', content: secretAnalysis })

    await server.post('/api/ai/analyze', body)

    const kept = (await server.rows('signed_request', user)).find(({ state, answer }) => state === 'final' && answer)
    const bytes = Buffer.from(kept?.answer as Uint8Array)
    expect(bytes.length).toBeGreaterThan(secretAnalysis.length)
    // Random bytes have no such run, texts and their usual encodings do.
    expect(bytes.toString('latin1')).not.toMatch(/[\x20-\x7e]{24}/)
  })

  test('is told to no other wallet', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(secretDream)
    await server.post('/api/ai/analyze', body)
    const other = await server.newUser()
    const forged = await other.signAnalyze(secretDream, undefined, { address: user.address, timestamp: body.timestamp })

    const answer = await server.post('/api/ai/analyze', forged)

    expectProblem(answer, 'signature-invalid')
  })

  test('tells its story in lines that hold only agreed fields', async () => {
    await using server = await startTestServer({ network })
    const user = await server.newUser({ deposit: '3' })

    await user.analyze(secretDream)

    expect(server.logged('analysis charged')).toMatchObject([
      { address: user.address, provider: llama.address, model: llama.model, verification: 'content' },
    ])
    expect(server.logged('request').at(-1)).toMatchObject({
      operationId: 'analyzeDream',
      status: 200,
      state: 'answered',
    })
  })
})
