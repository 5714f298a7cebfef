import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Dispatcher } from 'undici'
import { describe, expect, test } from 'vitest'
import { createProviderAgent } from './guarded-agent.ts'
import { ask, chat, done, eventStream } from './testing/chat-kit.ts'
import { jsonReply, sendChunks, startStranger } from './testing/stranger.ts'

describe('a refused completion', () => {
  test('never left when nobody listens', async () => {
    await using owned = disposable(createProviderAgent({ allowLoopback: true }))

    const outcome = await chat(owned.agent, { baseUrl: `http://127.0.0.1:${await freePort()}` })

    expect(outcome).toEqual({
      state: 'refused',
      status: 0,
      reason: 'unreachable',
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

  test('repeats nothing of what the provider wrote', async () => {
    const error = { message: 'You dreamt of a red door', type: 'content_filter' }
    await using stranger = await startStranger(jsonReply(400, { error }))

    const outcome = await ask(stranger)

    expect(outcome).toEqual({ state: 'refused', status: 400, reason: 'other' })
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
