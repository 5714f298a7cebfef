import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectExactBooks } from '../../../testing/expect-exact-books.ts'
import { startTestNetwork, type TestNetwork } from '../../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../../testing/test-server.ts'

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

const cry = 'I dreamt of the sea again. To be honest, I want to kill myself.'

const help = {
  success: true,
  analysis: {
    interpretation: expect.stringContaining('https://findahelpline.com'),
    symbols: [],
    emotions: [],
    insights: [],
    safety: { flag: 'crisis', resources: [{ name: expect.any(String), url: 'https://findahelpline.com' }] },
  },
}

const free = {
  cost: '0',
  model: null,
  provider: null,
  verification: 'none',
  receipt: null,
  usage: { inputTokens: 0, outputTokens: 0 },
  contextUsed: 0,
}

describe('POST /api/ai/analyze answers a crisis', () => {
  test.each([
    ['en', cry, 'Thank you'],
    ['es', 'Soñé con el mar. La verdad es que ya no quiero vivir.', 'Gracias'],
    ['fr', "J'ai rêvé de la mer. Je veux en finir.", 'Merci'],
    ['de', 'Vom Meer geträumt. Ich will nicht mehr leben.', 'Danke'],
    ['pl', 'Śniło mi się morze. Chcę się zabić.', 'Dziękujemy'],
    ['pt', 'Sonhei com o mar. Não quero mais viver.', 'Obrigado'],
    ['zh', '梦见大海了。我不想活了。', '谢谢'],
    ['hi', 'समुद्र का सपना देखा। मैं मरना चाहता हूँ।', 'धन्यवाद'],
  ])(
    'in the language of the dreamer (%s), who has funded nothing, with help and for free',
    async (_tag, text, word) => {
      const user = await server.newUser()
      const before = llama.requests.chat

      const answer = await user.analyze(text, { level: 3 })

      expect(answer).toMatchObject({
        status: 200,
        body: { ...help, ...free, remainingBalance: '0', level: 3, requestId: answer.headers.get('x-request-id') },
      })
      expect(answer.body.analysis.interpretation).toContain(word)
      expect(llama.requests.chat).toBe(before)
    },
  )

  test('when the chain does not answer and the model asked for is not there', async () => {
    await using own = await startTestServer({ network })
    const user = await own.newUser()
    await own.rpc.goDown()

    const answer = await user.analyze(cry, { model: 'no-such-model' })

    expect(answer).toMatchObject({ status: 200, body: { ...help, ...free } })
  })

  test('the same way when it is sent again, and tells the balance', async () => {
    const user = await server.newUser({ deposit: '3' })
    const body = await user.signAnalyze(cry)

    const first = await server.post('/api/ai/analyze', body)
    const second = await server.post('/api/ai/analyze', body)

    expect(first).toMatchObject({ status: 200, body: { ...help, ...free, remainingBalance: '3' } })
    expect(second.body).toEqual({ ...first.body, requestId: second.body.requestId })
    await expectExactBooks(server, user)
  })

  test('without a trace of it in the tables or the log', async () => {
    await using own = await startTestServer({ network })
    const user = await own.newUser()

    await user.analyze(cry)

    const kept = `${await own.dump()}\n${own.logLines().join('\n')}`
    expect(kept).not.toMatch(/crisis|helpline|kill myself/i)
    // As after a request that was refused.
    expect(await own.rows('signed_request', user)).toMatchObject([{ state: 'released', answer: null }])
    expect(await own.rows('user_queries', user)).toEqual([])
    expect(await own.rows('reservation', user)).toEqual([])
  })
})

describe('POST /api/ai/analyze has analysed', () => {
  test('a nightmare of violence and death', async () => {
    const user = await server.newUser({ deposit: '3' })

    const answer = await user.analyze('In my dream I wanted to die. A man with a knife murdered my mother and then me.')

    expect(answer).toMatchObject({ status: 200, body: { provider: llama.address, verification: 'content' } })
    expect(answer.body.analysis.safety).toBeUndefined()
  })
})

describe('an answer of a model that urges the dreamer to die', () => {
  const urging = JSON.stringify({
    interpretation: 'The sea is calm. You should kill yourself, the world would be better off without you.',
    symbols: ['sea'],
    emotions: [],
    insights: [],
  })

  test('does not reach them, not even in the receipt, and costs what the provider bills', async () => {
    const user = await server.newUser({ deposit: '3' })
    llama.order({ kind: 'raw-answer', content: urging })

    const answer = await user.analyze('I was flying over the sea.', { receipt: 'full' })

    expect(answer).toMatchObject({ status: 200, body: { ...help, provider: llama.address, verification: 'content' } })
    expect(answer.text).not.toContain('kill yourself')
    expect(answer.body.receipt.response).toBeUndefined()
    expect(parseOg(answer.body.cost)).toBeGreaterThan(0n)
    await expectExactBooks(server, user)
  })

  test('is told from one that writes about death', async () => {
    const user = await server.newUser({ deposit: '3' })
    const interpretation = 'To kill yourself in a dream often stands for a part of you that ends. You should rest.'
    llama.order({ kind: 'raw-answer', content: JSON.stringify({ ...JSON.parse(urging), interpretation }) })

    const answer = await user.analyze('I was flying over the sea.')

    expect(answer.body.analysis).toMatchObject({ interpretation, symbols: ['sea'] })
  })
})
