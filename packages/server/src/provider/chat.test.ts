import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { describe, expect, test } from 'vitest'
import { type ChatRequest, createChatClient } from './chat.ts'
import { buildChatBody } from './chat-body.ts'
import { createProviderAgent } from './guarded-agent.ts'
import { jsonReply, type Reply, sendChunks, startStranger } from './testing/stranger.ts'

const body = buildChatBody({ model: 'm', messages: [{ role: 'user', content: 'hi' }], maxTokens: 5 })
const usage = { prompt_tokens: 7, completion_tokens: 3 }
const counted = { promptTokens: 7, completionTokens: 3, cachedTokens: 0 }

describe('an answered completion', () => {
  test('is put together from a stream, hashed as received, and sent once with the token', async () => {
    const heard: string[] = []
    const stream = [said('Good '), said('evening'), finished(), used(usage), done]
    await using stranger = await startStranger(eventStream(stream, { 'ZG-Res-Key': 'key-1' }))

    const outcome = await ask(stranger, { onContent: (text) => heard.push(text) })

    expect(outcome).toEqual({
      state: 'answered',
      content: 'Good evening',
      reasoning: '',
      finishReason: 'stop',
      usage: counted,
      chatId: 'key-1',
      responseHash: sha256(stream.join('')),
      responseBytes: Buffer.from(stream.join('')),
    })
    expect(heard).toEqual(['Good ', 'evening'])
    expect(stranger.received).toEqual([
      expect.objectContaining({ method: 'POST', url: '/v1/proxy/chat/completions', body: Buffer.from(body) }),
    ])
    expect(stranger.received[0]?.headers).toMatchObject({
      authorization: 'Bearer app-sk-x',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      'content-length': String(body.length),
    })
  })

  test('keeps the path prefix of the provider', async () => {
    await using stranger = await startStranger(eventStream([said('x'), done]))

    await ask(stranger, { baseUrl: `${stranger.baseUrl}/prefix` })

    expect(stranger.received[0]?.url).toBe('/prefix/v1/proxy/chat/completions')
  })

  test('survives characters and line ends split across chunks', async () => {
    const bytes = Buffer.from([said('träume 🌙'), finished(), used(usage), done].join('').replaceAll('\n', '\r\n'))
    await using stranger = await startStranger(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      await sendChunks(
        response,
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      )
      response.end()
    })

    const outcome = await ask(stranger)

    expect(outcome).toMatchObject({ state: 'answered', content: 'träume 🌙', usage: counted })
    expect(outcome).toMatchObject({ responseHash: createHash('sha256').update(bytes).digest('hex') })
  })

  test('keeps reasoning apart and skips comments and empty events', async () => {
    const thought = event({ choices: [{ delta: { reasoning_content: 'hm' } }] })
    await using stranger = await startStranger(
      eventStream([': ping\n\n', 'data:\n\n', thought, said('yes'), finished(), used(usage), done]),
    )

    expect(await ask(stranger)).toMatchObject({ state: 'answered', content: 'yes', reasoning: 'hm' })
  })

  test('takes the id of the first chunk when no ZG-Res-Key is sent', async () => {
    await using stranger = await startStranger(
      eventStream([event({ id: 'chatcmpl-1', choices: [] }), event({ id: 'chatcmpl-2', choices: [] }), done]),
    )

    expect(await ask(stranger)).toMatchObject({ state: 'answered', chatId: 'chatcmpl-1' })
  })

  test('has no chat id when the provider names one that is not plain', async () => {
    await using stranger = await startStranger(eventStream([event({ id: 'a\nb', choices: [] }), done]))

    expect(await ask(stranger)).toMatchObject({ state: 'answered', chatId: undefined })
  })

  test('may come as plain JSON', async () => {
    const heard: string[] = []
    const json = JSON.stringify({
      id: 'chatcmpl-1',
      choices: [{ message: { role: 'assistant', content: 'ok' }, finish_reason: 'length' }],
      usage: { ...usage, prompt_tokens_details: { cached_tokens: 4 } },
    })
    await using stranger = await startStranger((response) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(json)
    })

    expect(await ask(stranger, { onContent: (text) => heard.push(text) })).toMatchObject({
      state: 'answered',
      content: 'ok',
      finishReason: 'length',
      chatId: 'chatcmpl-1',
      usage: { ...counted, cachedTokens: 4 },
      responseHash: sha256(json),
    })
    expect(heard).toEqual(['ok'])
  })

  test('needs no [DONE] once it is finished and its usage is known', async () => {
    await using stranger = await startStranger(eventStream([said('x'), finished(), used(usage)]))

    expect(await ask(stranger)).toMatchObject({ state: 'answered', content: 'x', usage: counted })
  })

  test('counts when its last event is not closed by a blank line', async () => {
    await using stranger = await startStranger(eventStream([said('x'), 'data: [DONE]']))

    expect(await ask(stranger)).toMatchObject({ state: 'answered', content: 'x' })
  })

  test('is kept when the connection breaks after [DONE]', async () => {
    await using stranger = await startStranger(async (response) => {
      await sendStream(response, [said('x'), finished(), used(usage), done])
      response.destroy()
    })

    expect(await ask(stranger)).toMatchObject({ state: 'answered', content: 'x', usage: counted })
  })

  test.each([
    ['missing', undefined],
    ['null', null],
    ['not integers', { prompt_tokens: 1.5, completion_tokens: 1 }],
    ['strings', { prompt_tokens: '1', completion_tokens: '1' }],
    ['negative', { prompt_tokens: -1, completion_tokens: 1 }],
    ['unsafe', { prompt_tokens: 2 ** 53, completion_tokens: 1 }],
    ['incomplete', { prompt_tokens: 1 }],
    ['wrong in detail', { ...usage, prompt_tokens_details: { cached_tokens: -1 } }],
  ])('has no usage when the counts are %s', async (_case, counts) => {
    await using stranger = await startStranger(eventStream([said('x'), finished(), used(counts), done]))

    expect(await ask(stranger)).toMatchObject({ state: 'answered', content: 'x', usage: undefined })
  })
})

describe('a refused completion', () => {
  test('never left when nobody listens', async () => {
    await using owned = disposable(createProviderAgent({ allowLoopback: true }))

    const outcome = await chat(owned.agent, { baseUrl: `http://127.0.0.1:${await freePort()}` })

    expect(outcome).toEqual({
      state: 'refused',
      status: 0,
      reason: 'unreachable',
      detail: 'The provider could not be reached (ECONNREFUSED)',
    })
  })

  test('never left when TLS cannot be agreed on', async () => {
    await using stranger = await startStranger((response) => {
      response.end()
    })

    const outcome = await ask(stranger, { baseUrl: `https://127.0.0.1:${stranger.port}` })

    expect(outcome).toMatchObject({ state: 'refused', status: 0, reason: 'unreachable' })
  })

  test('never left when the address is not allowed', async () => {
    await using stranger = await startStranger(eventStream([done]))
    await using owned = disposable(createProviderAgent({ allowLoopback: false }))

    const outcome = await chat(owned.agent, { baseUrl: stranger.baseUrl })

    expect(outcome).toMatchObject({ state: 'refused', status: 0, reason: 'unreachable' })
    expect(stranger.connectionCount()).toBe(0)
  })

  test('never left when it was given up before', async () => {
    await using stranger = await startStranger(eventStream([done]))

    const outcome = await ask(stranger, { signal: AbortSignal.abort() })

    expect(outcome).toMatchObject({ state: 'refused', status: 0, reason: 'aborted' })
    expect(stranger.received).toEqual([])
  })

  test('never leaves any more when it is given up while the connection is opened', async () => {
    const abort = new AbortController()
    await using stranger = await startStranger(eventStream([done]))

    const pending = ask(stranger, { signal: abort.signal })
    abort.abort()

    expect(await pending).toMatchObject({ state: 'refused', status: 0, reason: 'aborted' })
    await ask(stranger)
    expect(stranger.received).toHaveLength(1)
  })

  const proxy = 'Provider proxy: handle proxied service,'
  test.each([
    ['token', 400, `${proxy} validate session: session token expired`],
    ['token', 400, `${proxy} validate session: session token has been revoked (generation expired)`],
    ['token', 400, `${proxy} validate session: missing or invalid Authorization header, must be Bearer app-sk-…`],
    ['token', 401, 'Unauthorized'],
    ['balance', 400, `${proxy} validate request: insufficient balance: your locked balance is 1 0G, but …`],
    ['account-missing', 400, `${proxy} validate request: get account from contract, account not exist: 0x…`],
    ['not-acknowledged', 400, 'user not acknowledge the provider, please use acknowledgeProviderSigner function'],
    ['not-acknowledged', 400, 'service not acknowledge the tee signer'],
    ['rate-limited', 429, { type: 'rate_limit_error', message: 'Rate limit exceeded. (limit: 30 requests/min).' }],
    ['rate-limited', 429, 'Too many concurrent requests. You have 5 active requests (limit: 5).'],
    ['overloaded', 503, 'busy'],
    ['model-gone', 410, 'This model is past its date'],
    ['model-gone', 404, { message: 'The model `m` does not exist', code: 'model_not_found' }],
    ['other', 413, 'Request body size exceeds the maximum allowed size of 32MB'],
    ['other', 400, { message: 'no', type: 'invalid_request_error' }],
  ])('says %s for %i %j', async (reason, status, error) => {
    await using stranger = await startStranger(jsonReply(status, { error }))

    expect(await ask(stranger)).toMatchObject({ state: 'refused', status, reason })
  })

  test('repeats nothing of what the provider wrote but its type', async () => {
    const error = { message: 'You dreamt of a red door', type: 'content_filter' }
    await using stranger = await startStranger(jsonReply(400, { error }))

    const outcome = await ask(stranger)

    expect(outcome).toMatchObject({ detail: 'The provider did not accept the request (content_filter)' })
  })

  test.each([
    ['7', 7],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('passes on Retry-After: %s', async (value, retryAfterSeconds) => {
    await using stranger = await startStranger(jsonReply(429, { error: 'slow' }, { 'retry-after': value }))

    expect(await ask(stranger)).toMatchObject({ state: 'refused', reason: 'rate-limited', retryAfterSeconds })
  })

  test('stays one when its body breaks off', async () => {
    await using stranger = await startStranger(async (response) => {
      response.writeHead(400)
      await sendChunks(response, ['{"error":"insufficient balance'])
      response.destroy()
    })

    expect(await ask(stranger)).toMatchObject({ state: 'refused', reason: 'balance' })
  })

  test('stays one when its body never ends and the call is given up', async () => {
    const abort = new AbortController()
    await using stranger = await startStranger(async (response) => {
      response.writeHead(429)
      await sendChunks(response, ['{'])
    })
    const agent = afterFirstData(stranger.agent, () => abort.abort())

    const outcome = await chat(agent, { baseUrl: stranger.baseUrl, signal: abort.signal })

    expect(outcome).toMatchObject({ state: 'refused', reason: 'rate-limited' })
  })

  test('stays one when its body is huge', async () => {
    await using stranger = await startStranger((response) => {
      response.writeHead(503).end(Buffer.alloc(1_000_000, ' '))
    })

    expect(await ask(stranger)).toMatchObject({ state: 'refused', reason: 'overloaded' })
  })
})

describe('a completion of unknown outcome', () => {
  test('is one whose connection is reset before the head', async () => {
    await using stranger = await startStranger((response) => {
      response.socket?.resetAndDestroy()
    })

    expect(await ask(stranger)).toEqual({ state: 'unknown', reason: 'connection-lost' })
    expect(stranger.received).toHaveLength(1)
  })

  test('is one whose stream is reset, with the hash of what came', async () => {
    const parts = [said('half'), finished()]
    await using stranger = await startStranger(async (response) => {
      await sendStream(response, parts)
      response.socket?.resetAndDestroy()
    })

    expect(await ask(stranger)).toEqual({
      state: 'unknown',
      reason: 'connection-lost',
      responseHash: sha256(parts.join('')),
    })
  })

  test('is one whose stream ends early', async () => {
    await using stranger = await startStranger(eventStream([said('half'), finished()]))

    expect(await ask(stranger)).toMatchObject({ state: 'unknown', reason: 'response-truncated' })
  })

  test.each([302, 500, 502, 504])('is one answered with %i', async (status) => {
    await using stranger = await startStranger(jsonReply(status, { error: 'no' }, { location: '/elsewhere' }))

    expect(await ask(stranger)).toEqual({ state: 'unknown', reason: 'unexpected-status' })
    expect(stranger.received).toHaveLength(1)
  })

  test('is one given up while the provider is silent', async () => {
    const abort = new AbortController()
    await using stranger = await startStranger(() => abort.abort())

    expect(await ask(stranger, { signal: abort.signal })).toEqual({ state: 'unknown', reason: 'aborted' })
  })

  test('is one given up in the middle of the stream, whose connection is closed', async () => {
    const abort = new AbortController()
    const closed = gate()
    await using stranger = await startStranger(async (response) => {
      response.on('close', closed.open)
      await sendStream(response, [said('half') + said('more')])
    })
    const heard: string[] = []
    const onContent = (text: string) => {
      heard.push(text)
      abort.abort()
    }

    const outcome = await ask(stranger, { signal: abort.signal, onContent })

    expect(outcome).toMatchObject({ state: 'unknown', reason: 'aborted' })
    expect(heard).toEqual(['half'])
    await closed.opened
  })

  test('is one over the cap, and reading stops there', async () => {
    const closed = gate()
    await using stranger = await startStranger((response) => {
      response.on('close', closed.open)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const flood = () => {
        while (!response.destroyed && response.write(said('x'.repeat(10_000)))) {}
      }
      response.on('drain', flood)
      flood()
    })

    const outcome = await ask(stranger, { maxResponseBytes: 50_000 })

    expect(outcome).toMatchObject({ state: 'unknown', reason: 'response-too-large' })
    await closed.opened
  })

  test.each([
    ['event', event({ error: { message: 'upstream died' } })],
    ['string', event({ error: 'upstream died' })],
    ['named event', 'event: error\ndata: {}\n\n'],
  ])('is one with an error %s in the stream', async (_case, error) => {
    await using stranger = await startStranger(eventStream([said('half'), error, finished(), used(usage), done]))

    expect(await ask(stranger)).toMatchObject({ state: 'unknown', reason: 'provider-error' })
  })

  test.each([
    ['an event that is not JSON', eventStream([said('half'), 'data: {"choices":\n\n', done])],
    ['a document that is not JSON', jsonText('{"choices":')],
    ['content that is not text', eventStream([event({ choices: [{ delta: { content: 5 } }] }), done])],
  ])('is one with %s', async (_case, reply) => {
    await using stranger = await startStranger(reply)

    expect(await ask(stranger)).toMatchObject({ state: 'unknown', reason: 'response-malformed' })
  })

  test('is a JSON document that holds an error or no answer', async () => {
    await using failing = await startStranger(jsonReply(200, { error: 'no' }))
    await using empty = await startStranger(jsonReply(200, {}))

    expect(await ask(failing)).toMatchObject({ state: 'unknown', reason: 'provider-error' })
    expect(await ask(empty)).toMatchObject({ state: 'unknown', reason: 'response-truncated' })
  })

  test('is one that comes encoded although identity was asked for; its hash is of the encoded bytes', async () => {
    const encoded = gzipSync([said('x'), finished(), used(usage), done].join(''))
    await using stranger = await startStranger((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).end(encoded)
    })

    expect(await ask(stranger)).toEqual({
      state: 'unknown',
      reason: 'response-encoded',
      responseHash: createHash('sha256').update(encoded).digest('hex'),
    })
  })
})

const done = 'data: [DONE]\n\n'

function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

function said(content: string): string {
  return event({ choices: [{ delta: { content }, finish_reason: null }] })
}

function finished(): string {
  return event({ choices: [{ delta: {}, finish_reason: 'stop' }] })
}

function used(counts: unknown): string {
  return event({ choices: [], usage: counts })
}

async function sendStream(response: ServerResponse, parts: string[], headers = {}): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers })
  await sendChunks(response, parts)
}

function eventStream(parts: string[], headers = {}): Reply {
  return async (response) => {
    await sendStream(response, parts, headers)
    response.end()
  }
}

function jsonText(text: string): Reply {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(text)
  }
}

type Stranger = Awaited<ReturnType<typeof startStranger>>

function ask({ agent, baseUrl }: Stranger, request: Partial<ChatRequest> = {}) {
  return chat(agent, { baseUrl, ...request })
}

function chat(agent: Dispatcher, request: Partial<ChatRequest> & { baseUrl: string }) {
  const client = createChatClient({ agent, clock: { now: () => Date.UTC(2026, 0, 1) } })
  const signal = new AbortController().signal
  return client.chat({ bearer: 'app-sk-x', body, signal, maxResponseBytes: 1_000_000, ...request })
}

/** The agent, telling when the first bytes of a body have been taken in. */
function afterFirstData(agent: Dispatcher, tell: () => void): Dispatcher {
  return agent.compose((dispatch) => (options, handler) => {
    const onResponseData: Dispatcher.DispatchHandler['onResponseData'] = (controller, chunk) => {
      handler.onResponseData?.(controller, chunk)
      tell()
    }
    return dispatch(options, { ...handler, onResponseData })
  })
}

function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function disposable(agent: Dispatcher) {
  return { agent, [Symbol.asyncDispose]: () => agent.destroy() }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
