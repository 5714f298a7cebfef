import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '../platform/errors.ts'
import { readEvents, textOf } from '../testing/read-events.ts'
import { type OnText, route } from './route.ts'
import { startToyServer } from './testing/toy-server.ts'

let run: (onText: OnText | undefined) => Promise<{ length: number }>

const talk = route({
  operationId: 'talk',
  method: 'get',
  path: '/talk',
  summary: 'Talks',
  tag: 'toy',
  problems: [],
  auth: 'none',
  response: z.object({ length: z.int() }),
  stream: {
    events: { delta: z.object({ text: z.string() }), end: z.object({ length: z.int() }) },
    textEvent: (text) => ({ event: 'delta', data: { text } }),
    endEvents: (result) => [{ event: 'end', data: result }],
  },
  handler: ({ onText }) => run(onText),
})

let server: Awaited<ReturnType<typeof startToyServer>>
beforeAll(async () => {
  server = await startToyServer({ routes: [talk] })
})
afterAll(() => server[Symbol.asyncDispose]())

const open = (accept: string) => server.request('/talk', { headers: { accept } })

test.each([
  ['text/event-stream', true],
  ['text/event-stream, application/json;q=0.5', true],
  ['application/json', false],
  ['application/json, text/event-stream;q=0.5', false],
  ['*/*', false],
])('who sends Accept: %s gets events: %s', async (accept, isStream) => {
  run = async () => ({ length: 0 })

  const response = await open(accept)

  expect(response.headers.get('content-type')).toContain(isStream ? 'text/event-stream' : 'application/json')
  await response.text()
})

test('text goes out while the handler still works', async () => {
  const arrived = new AbortController()
  run = async (onText) => {
    onText?.('first')
    await once(arrived.signal, 'abort')
    return { length: 5 }
  }

  const response = await open('text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const first = await reader?.read()
  arrived.abort()
  const last = await reader?.read()

  expect(first?.value).toBe('event: delta\ndata: {"text":"first"}\n\n')
  expect(last?.value).toBe('event: end\ndata: {"length":5}\n\n')
})

test('a problem before the first text is a problem document, one after it an event', async () => {
  run = async (onText) => {
    onText?.('')
    throw new AppError('not-found', 'There is none')
  }
  const before = await open('text/event-stream')
  run = async (onText) => {
    onText?.('some')
    throw new AppError('not-found', 'There is no more')
  }

  const after = await readEvents(await open('text/event-stream'))

  expect(before.status).toBe(404)
  expect(await before.json()).toMatchObject({ code: 'not-found' })
  expect(after.map(({ event }) => event)).toEqual(['delta', 'error'])
  expect(after.at(-1)?.data).toMatchObject({ code: 'not-found', detail: 'There is no more', status: 404 })
  expect(server.lines.filter(({ code }) => code === 'not-found')).toHaveLength(2)
})

test('text for a reader that is slow is kept together, and comes in few events once it reads on', async () => {
  const piece = 'sea '.repeat(64)
  const pieces = 40_000
  const handled = new AbortController()
  run = async (onText) => {
    for (let count = 0; count < pieces; count += 1) {
      onText?.(piece)
      if (count % 1_000 === 0) await nextTurn()
    }
    handled.abort()
    return { length: pieces * piece.length }
  }
  const socket = connect(server.port, '127.0.0.1')
  socket.pause()
  socket.write('GET /talk HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n')
  await once(socket, 'connect')
  if (!handled.signal.aborted) await once(handled.signal, 'abort')
  const received: Buffer[] = []
  socket.on('data', (bytes) => received.push(bytes))
  const ended = once(socket, 'end')

  socket.resume()
  await ended

  const body = await new Response(unchunk(Buffer.concat(received))).text()
  const events = await readEvents(new Response(body))
  expect(textOf(events)).toBe(piece.repeat(pieces))
  expect(events.length).toBeLessThan(pieces / 2)
  expect(events.at(-1)).toEqual({ event: 'end', data: { length: pieces * piece.length } })
})

test('text for a reader that has left goes nowhere, and the handler works to its end', async () => {
  const [left, ended] = [new AbortController(), new AbortController()]
  run = async (onText) => {
    onText?.('first')
    await once(left.signal, 'abort')
    for (let count = 0; count < 100; count += 1) onText?.('more')
    ended.abort()
    return { length: 0 }
  }
  const leaving = new AbortController()
  const response = await server.request('/talk', { headers: { accept: 'text/event-stream' }, signal: leaving.signal })
  await response.body?.getReader().read()

  leaving.abort()
  left.abort()

  if (!ended.signal.aborted) await once(ended.signal, 'abort')
  expect(server.lines.filter(({ level }) => level === 'error')).toEqual([])
})

/** The body of an answer in chunks. */
function unchunk(answer: Buffer): Buffer {
  const pieces: Buffer[] = []
  let at = answer.indexOf('\r\n\r\n') + 4
  for (;;) {
    const lineEnd = answer.indexOf('\r\n', at)
    const size = Number.parseInt(answer.toString('latin1', at, lineEnd), 16)
    if (!(size > 0)) return Buffer.concat(pieces)
    pieces.push(answer.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
