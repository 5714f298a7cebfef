import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Devnet, startDevnet } from '../devnet.ts'
import type { DevnetProvider } from '../provider/provider.ts'
import type { ResponseSignature } from '../provider/response-signature.ts'
import {
  createCustomer,
  feeOfUsage,
  getSignature,
  postChat,
  readChat,
  readError,
  readStream,
} from '../testing/client.ts'
import { startLanguageModelStub } from '../testing/language-model-stub.ts'

describe('a provider with a language model', () => {
  let stub: Awaited<ReturnType<typeof startLanguageModelStub>>
  let devnet: Devnet
  let provider: DevnetProvider
  beforeAll(async () => {
    stub = await startLanguageModelStub()
    devnet = await startDevnet({ llmUrl: `${stub.url}/`, llmApiKey: 'secret', llmModel: 'tiny' })
    ;[provider] = devnet.providers as [DevnetProvider]
  })
  afterAll(async () => {
    await devnet.close()
    await stub[Symbol.asyncDispose]()
  })

  const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 }
  const answer = (members: object = { usage }) =>
    JSON.stringify({ id: 'x', choices: [{ message: { role: 'assistant', content: 'A quiet sea.' } }], ...members })
  const chunk = (delta: object, members: object = {}) =>
    `data: ${JSON.stringify({ choices: [{ delta, finish_reason: null }], ...members })}\n\n`
  const finish = `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] })}\r\n\r\n`
  const usageChunk = `data: ${JSON.stringify({ choices: [], usage })}\n\n`

  async function expectSigned(response: Response, received: Buffer) {
    const { text } = (await (await getSignature(provider, response)).json()) as ResponseSignature
    expect(text.split(':')[1]).toBe(createHash('sha256').update(received).digest('hex'))
  }

  test('passes the request on under the model and key it was given', async () => {
    const { authorization } = await createCustomer(devnet, provider)
    stub.replyWith((response) => void response.end(answer()))

    await postChat(provider, authorization, { text: 'A whale.', temperature: 0.2 })

    expect(stub.asked.at(-1)).toEqual({
      path: '/v1/chat/completions',
      authorization: 'Bearer secret',
      body: { model: 'tiny', messages: [{ role: 'user', content: 'A whale.' }], temperature: 0.2, stream: false },
    })
  })

  test('bills by the usage it tells and signs the bytes it delivers', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    stub.replyWith((response) => void response.end(answer()))

    const response = await postChat(provider, authorization)

    const received = Buffer.from(await response.arrayBuffer())
    expect(received.toString()).toBe(answer())
    expect(provider.unsettledFee(account.address)).toBe(feeOfUsage(provider, usage))
    await expectSigned(response, received)
  })

  test.each([{}, { usage: { prompt_tokens: -1, completion_tokens: 'many' } }])(
    'bills the words when the usage is %o',
    async (members) => {
      const { account, authorization } = await createCustomer(devnet, provider)
      stub.replyWith((response) => void response.end(answer(members)))

      await postChat(provider, authorization)

      expect(provider.unsettledFee(account.address)).toBe(3n * provider.outputPrice)
    },
  )

  test('passes a stream on as it comes', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    const rest = new AbortController()
    stub.replyWith(async (response) => {
      response.write(`: a comment\n\n${chunk({ role: 'assistant', content: 'A ' })}`)
      await once(rest.signal, 'abort')
      response.end(`${chunk({ content: 'sea.' })}${finish}${usageChunk}data: [DONE]\n\n`)
    })

    const response = await postChat(provider, authorization, { stream: true })
    const [seen, whole] = response.body?.tee() ?? []
    const first = await seen?.getReader().read()
    rest.abort()
    const received = Buffer.from(await new Response(whole).arrayBuffer())

    expect(String(Buffer.from(first?.value ?? []))).toBe(chunk({ role: 'assistant', content: 'A ' }))
    expect(received.toString()).toMatch(/^data: .*"A ".*"sea\.".*"usage".*data: \[DONE\]\n\n$/s)
    expect(stub.asked.at(-1)?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } })
    expect(provider.unsettledFee(account.address)).toBe(feeOfUsage(provider, usage))
    await expectSigned(response, received)
  })

  test('bills a stream without usage by its words', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    stub.replyWith(
      (response) => void response.end(`${chunk({ content: 'A qui' })}${chunk({ content: 'et sea' })}${finish}`),
    )

    const frames = await readStream(await postChat(provider, authorization, { stream: true }))

    expect(frames.at(-1)).toBe('[DONE]')
    expect(provider.unsettledFee(account.address)).toBe(3n * provider.outputPrice)
  })

  test.each([
    ['a refusal', 429, '{"error":"slow down"}', 'the language model answered 429: {"error":"slow down"}'],
    ['no JSON', 200, '<html>', 'the language model answered without a message'],
  ])('turns %s into 502, which costs nothing', async (_what, status, body, reason) => {
    const { account, authorization } = await createCustomer(devnet, provider)
    stub.replyWith((response) => void response.writeHead(status).end(body))

    const response = await postChat(provider, authorization)

    expect(response.status).toBe(502)
    expect(await readError(response)).toBe(`Provider proxy: handle proxied service, forward request: ${reason}`)
    expect(provider.unsettledFee(account.address)).toBe(0n)
  })

  test.each([
    ['an error for a stream', 'data: {"error":{"message":"no memory"}}\n\n', 'no memory'],
    ['an empty stream', '', 'broke off its stream'],
  ])('turns %s into 502', async (_what, body, reason) => {
    const { authorization } = await createCustomer(devnet, provider)
    stub.replyWith((response) => void response.end(body))

    const response = await postChat(provider, authorization, { stream: true })

    expect(response.status).toBe(502)
    expect(await readError(response)).toContain(reason)
  })

  test('says in the stream that it has broken, and bills and signs nothing', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    stub.replyWith((response) => {
      response.write(chunk({ content: 'A ' }), () => response.destroy())
    })

    const response = await postChat(provider, authorization, { stream: true })
    const frames = await readStream(response)

    expect(frames).toMatchObject([{ choices: [{ delta: { content: 'A ' } }] }, { error: { type: 'upstream_error' } }])
    expect(provider.unsettledFee(account.address)).toBe(0n)
    expect((await getSignature(provider, response)).status).toBe(400)
  })

  test('still goes wrong as ordered', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    stub.replyWith((response) => void response.end(answer()))
    provider.order({ kind: 'no-usage' })
    provider.order({ kind: 'raw-answer', content: 'mine' })

    const withoutUsage = await readChat(await postChat(provider, authorization))
    const dictated = await readStream(await postChat(provider, authorization, { stream: true }))

    expect(withoutUsage).toMatchObject({ content: 'A quiet sea.', usage: undefined })
    expect(dictated[1]).toMatchObject({ choices: [{ delta: { content: 'mine' } }] })
    expect(provider.unsettledFee(account.address)).toBeGreaterThan(3n * provider.outputPrice)
  })

  test('says so in its list of models', async () => {
    const response = await fetch(`${provider.url}/v1/models`)

    expect(await response.json()).toMatchObject({
      data: [{ id: provider.model, description: expect.stringContaining('A language model of the user') }],
    })
  })

  test('that does not answer costs nothing', async () => {
    const { account, authorization } = await createCustomer(devnet, provider)
    stub.replyWith((response) => void response.destroy())

    const response = await postChat(provider, authorization)

    expect(response.status).toBe(502)
    expect(await readError(response)).toContain('the language model does not answer')
    expect(provider.unsettledFee(account.address)).toBe(0n)
  })

  test('must have an http address', async () => {
    await expect(startDevnet({ llmUrl: 'localhost:11434' })).rejects.toThrow('llmUrl must be an http or https address')
  })
})
