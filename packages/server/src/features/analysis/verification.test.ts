import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dream } from '../../testing/dream.ts'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { expectProblem } from '../../testing/expect-problem.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'

let network: TestNetwork
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
})
afterAll(() => network.close())

describe('the verdict on an answer', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ network })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each([
    ['as it should be', undefined, 'content'],
    ['late', { kind: 'late-signature', misses: 2 }, 'content'],
    ['over another text', { kind: 'other-text-signature' }, 'signer'],
    ['over another request', { kind: 'wrong-request-hash' }, 'signer'],
    ['over another response', { kind: 'wrong-response-hash' }, 'signer'],
    ['as the answer before was', { kind: 'replayed-signature' }, 'signer'],
    ['by another key', { kind: 'wrong-signature' }, 'none'],
    ['by nobody', { kind: 'missing-signature' }, 'none'],
  ] as const)('that is signed %s is told, and noted with its charge', async (_how, fault, verdict) => {
    const user = await server.newUser({ deposit: '3' })
    await user.analyze('An earlier dream')
    if (fault) llama.order(fault)

    const answer = await user.analyze(dream)

    expect(answer).toMatchObject({ status: 200, body: { verification: verdict } })
    const [, query] = await server.rows('user_queries', user)
    expect(query).toMatchObject({ verification: verdict, cost_neuron: parseOg(answer.body.cost) })
    await expectExactBooks(server, user)
  })
})

/** What makes an answer verified this far. */
const faults = {
  content: undefined,
  signer: { kind: 'other-text-signature' },
  none: { kind: 'wrong-signature' },
} as const

describe.each([
  { required: 'content', released: ['content'], withheld: ['signer', 'none'] },
  { required: 'signer', released: ['content', 'signer'], withheld: ['none'] },
  { required: 'none', released: ['content', 'signer', 'none'], withheld: [] },
] as const)('with REQUIRE_VERIFICATION=$required', ({ required, released, withheld }) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ network, settings: { REQUIRE_VERIFICATION: required } })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each(released)('an answer verified as %s is released', async (verdict) => {
    const user = await server.newUser({ deposit: '3' })
    const fault = faults[verdict]
    if (fault) llama.order(fault)

    const answer = await user.analyze(dream)

    expect(answer).toMatchObject({ status: 200, body: { verification: verdict } })
    expect(answer.body.analysis.interpretation).not.toBe('')
  })

  test.each([...withheld])(
    'an answer verified as %s is withheld, is charged all the same, and says so',
    async (verdict) => {
      const user = await server.newUser({ deposit: '3' })
      const body = await user.signAnalyze(dream)
      const fault = faults[verdict]
      llama.order(fault)

      const answer = await server.post('/api/ai/analyze', body)
      const again = await server.post('/api/ai/analyze', body)

      const billed = llama.unsettledFee(user.brokerAddress)
      expect(billed).toBeGreaterThan(0n)
      const { detail } = expectProblem(answer, 'verification-failed')
      expect(detail).toContain('billed it all the same')
      for (const { body: told } of [answer, again]) {
        expect(told).toMatchObject({
          code: 'verification-failed',
          verification: verdict,
          cost: formatOg(billed),
          remainingBalance: formatOg(parseOg('3') - billed),
        })
        expect(told).not.toHaveProperty('analysis')
      }
      expect(await server.rows('user_queries', user)).toMatchObject([{ verification: verdict, cost_neuron: billed }])
      await expectExactBooks(server, user)
    },
  )
})
