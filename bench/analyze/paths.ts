import type { DevnetProvider } from '@dreamscape/devnet/provider/provider'
import type { Broker } from '@dreamscape/devnet/testing/sdk'
import { createInterpretationReader } from '@dreamscape/server/features/analysis/interpretation-reader'
import { createParser } from 'eventsource-parser'

/** When the reader had the first of the interpretation, the end of the answer, and all that proves it. */
export type Reading = { firstMs: number; endMs: number; doneMs: number }

/** One way to an analysis. */
export type Path = () => Promise<Reading>

/** Straight to the provider, with a token and a body that are ready. */
export function directPath(options: { provider: DevnetProvider; authorization: string; body: string }): Path {
  const { provider, authorization, body } = options
  return async () => {
    const response = await chat(`${provider.url}/v1/proxy`, { authorization, body })
    const reading = await readCompletion(response)
    await getSignature(provider, response)
    return { ...reading, doneMs: performance.now() }
  }
}

/** As the SDK's own documentation has it. */
export function sdkPath(options: { broker: Broker; provider: DevnetProvider; body: string }): Path {
  const { broker, provider, body } = options
  return async () => {
    const { endpoint } = await broker.inference.getServiceMetadata(provider.address)
    const { Authorization: authorization } = await broker.inference.getRequestHeaders(provider.address)
    const response = await chat(endpoint, { authorization, body })
    const reading = await readCompletion(response)
    const isValid = await broker.inference.processResponse(provider.address, response.headers.get('zg-res-key') ?? '')
    if (isValid !== true) throw new Error('The SDK did not find the answer valid')
    return { ...reading, doneMs: performance.now() }
  }
}

/** Through the service; `sign` makes the body of a request. */
export function servicePath({ url, sign }: { url: string; sign: () => Promise<string> }): Path {
  return async () => {
    const body = await sign()
    const response = await fetch(`${url}/api/ai/analyze`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body,
    })
    let firstMs = 0
    let last: string | undefined
    const parser = createParser({
      onEvent({ event, data }) {
        if (event === 'delta' && firstMs === 0) firstMs = performance.now()
        if (event === 'usage' && !data.includes('"verification":"content"')) throw new Error(`Not verified: ${data}`)
        last = event
      },
    })
    const endMs = await feed(response, parser)
    if (last !== 'done') throw new Error(`The service ended with ${response.status} ${last}`)
    return { firstMs, endMs, doneMs: endMs }
  }
}

function chat(endpoint: string, { authorization, body }: { authorization: string; body: string }): Promise<Response> {
  return fetch(`${endpoint}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body,
  })
}

async function readCompletion(response: Response): Promise<Omit<Reading, 'doneMs'>> {
  let firstMs = 0
  const note = () => {
    if (firstMs === 0) firstMs = performance.now()
  }
  const reader = createInterpretationReader({ onText: note, onEnd: () => {}, thinksAloud: false })
  const parser = createParser({
    onEvent({ data }) {
      if (data === '[DONE]') return
      const { choices } = JSON.parse(data) as { choices: { delta: { content?: string } }[] }
      reader.push(choices[0]?.delta.content ?? '')
    },
  })
  const endMs = await feed(response, parser)
  if (firstMs === 0) throw new Error(`The provider answered ${response.status} without an interpretation`)
  return { firstMs, endMs }
}

/** Returns when the last byte was there. */
async function feed(response: Response, parser: { feed: (text: string) => void }): Promise<number> {
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) parser.feed(decoder.decode(bytes, { stream: true }))
  return performance.now()
}

async function getSignature({ url, model }: DevnetProvider, response: Response): Promise<void> {
  const chatId = response.headers.get('zg-res-key')
  const answer = await fetch(`${url}/v1/proxy/signature/${chatId}?model=${encodeURIComponent(model)}`)
  if (!answer.ok) throw new Error(`The provider answered ${answer.status} without a signature`)
  await answer.text()
}
