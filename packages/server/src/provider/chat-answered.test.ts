import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  ask,
  body,
  done,
  event,
  eventStream,
  finished,
  said,
  sendStream,
  sha256,
  usage,
  used,
} from './testing/chat-kit.ts'
import { sendChunks, startStranger } from './testing/stranger.ts'

const counted = { promptTokens: 7, completionTokens: 3, cachedTokens: 0 }

describe('an answered completion', () => {
  test('is put together from a stream, hashed as received, and sent once with the token', async () => {
    const heard: string[] = []
    const stream = [said('Good '), said('evening'), finished(), used(usage), done]
    await using stranger = await startStranger(eventStream(stream, { 'ZG-Res-Key': 'key-1' }))

    const outcome = await ask(stranger, { keepsBytes: true, onContent: (text) => heard.push(text) })

    expect(outcome).toEqual({
      state: 'answered',
      content: 'Good evening',
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

  test('leaves reasoning out, and skips comments and empty events', async () => {
    const thought = event({ choices: [{ delta: { reasoning_content: 'hm' } }] })
    await using stranger = await startStranger(
      eventStream([': ping\n\n', 'data:\n\n', thought, said('yes'), finished(), used(usage), done]),
    )

    expect(await ask(stranger)).toMatchObject({ state: 'answered', content: 'yes' })
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

    expect(await ask(stranger, { keepsBytes: true, onContent: (text) => heard.push(text) })).toMatchObject({
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
