import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ask, done, event, eventStream, finished, said, sendStream, sha256, usage, used } from './testing/chat-kit.ts'
import { jsonReply, type Reply, startStranger } from './testing/stranger.ts'

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

function jsonText(text: string): Reply {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(text)
  }
}

function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}
