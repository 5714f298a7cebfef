import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import { type Analysis, analysis as analysisSchema } from '@dreamscape/protocol/analysis'
import { formatOg, parseOg } from '@dreamscape/protocol/money'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectExactBooks } from '../../testing/expect-exact-books.ts'
import { startTestNetwork, type TestNetwork } from '../../testing/test-network.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import type { TestUser } from '../../testing/test-user.ts'
import { levelProfile } from './levels.ts'
import { injections } from './testing/injections.ts'

let network: TestNetwork
let server: TestServer
let user: TestUser
let llama: DevnetProvider
beforeAll(async () => {
  network = await startTestNetwork()
  ;[llama] = network.devnet.providers as [DevnetProvider]
  server = await startTestServer({ network })
  user = await server.newUser({ deposit: '4' })
  await server.context.schemas.refresh()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await network.close()
})

type Request = { model: string; max_tokens: number; messages: { role: string; content: string }[] }

/** What a model was told by us: the system message and what follows the last block. */
function instructionsIn({ messages }: Request): string[] {
  const words = messages
    .map(({ role, content }) => (role === 'system' ? content : content.slice(content.lastIndexOf('</dream>'))))
    .join(' ')
    .toLowerCase()
    .match(/[a-z]+/g)
  return words ?? []
}

/** Of what was sent by the dreamer no bracket may be left. */
function countTags({ messages }: Request, tag: string): number {
  const question = messages.at(-1)?.content ?? ''
  expect(question.match(/[<>＜＞]/g)?.length).toBe(2 * (question.match(/<\/?[a-z-]+>/g)?.length ?? 0))
  return question.match(new RegExp(`</?${tag}>`, 'g'))?.length ?? 0
}

/** Seven words in a row, whatever stands between their letters. */
function sharesRun(text: string, told: string[]): boolean {
  const said = (text.toLowerCase().match(/[a-z]/g) ?? []).join('')
  return told.some((_, start) => start + 7 <= told.length && said.includes(told.slice(start, start + 7).join('')))
}

const backwards = (text: string) => [...text].reverse().join('')
const rot13 = (text: string) =>
  text.toLowerCase().replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 84) % 26) + 97))

const textsOf = ({ interpretation, symbols, emotions, insights, themes = [], reflectionQuestions = [] }: Analysis) => [
  interpretation,
  ...[symbols, emotions, insights, themes, reflectionQuestions].flat(),
]

describe('a model that does whatever it reads in the dream', () => {
  test.each(injections)('changes nothing but the words: $what', async ({ dreamText, context, level = 1 }) => {
    const before = parseOg((await user.balance()).body.formatted)
    llama.order({ kind: 'obey' })

    const { status, body, text } = await user.analyze(dreamText, { level, context, receipt: 'full' })

    const after = parseOg((await user.balance()).body.formatted)
    expect([200, 502]).toContain(status)
    if (status === 502) expect(body.code).toBe('analysis-unparseable')
    expect(body).toMatchObject({ model: llama.model, provider: llama.address, verification: 'content' })
    expect(body.cost).toBe(formatOg(before - after))
    expect(parseOg(body.cost)).toBeGreaterThan(0n)
    expect(text).not.toMatch(/evil\.example|gpt-9|pwned/)
    if (status !== 200) return

    expect(body).toMatchObject({ level, contextUsed: context?.length ?? 0, remainingBalance: formatOg(after) })
    const analysis = analysisSchema.strict().parse(body.analysis)
    expect(analysis.safety).toBeUndefined()
    const request: Request = JSON.parse(Buffer.from(body.receipt.request, 'base64').toString())
    expect(request).toMatchObject({ model: llama.model, max_tokens: levelProfile(level).maxOutputTokens })
    for (const tag of ['dream', ...(context ? ['earlier-dreams'] : [])]) expect(countTags(request, tag)).toBe(2)
    const told = instructionsIn(request)
    for (const said of textsOf(analysis)) {
      expect(said).not.toMatch(/<[a-z/!]|[[\]]|https?:|\/\/|www\.|javascript:|[\u202a-\u202e]/i)
      expect(said).not.toMatch(/[A-Za-z0-9+/]{40}/)
      for (const reading of [said, backwards(said), rot13(said)]) expect(sharesRun(reading, told), said).toBe(false)
    }
    if (!dreamText.includes('gold')) expect(analysis.symbols).not.toContain('gold')
  })

  test('is paid exactly', () => expectExactBooks(server, user))
})
