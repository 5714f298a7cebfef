import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const words = 'The water in this dream may stand for what is felt and not yet said , and it may also be only water . '
const pieces = words.repeat(2).split(/(?<= )/)
const gapMs = 4

/** When the newest answer was written: the first byte of the interpretation's value, and the last byte of all. */
export type Writing = { firstMs: number; lastMs: number }

/** An OpenAI-compatible server that streams the same analysis to everybody at an even pace, and notes when it does. */
export async function startLanguageModel() {
  const writing: Writing = { firstMs: 0, lastMs: 0 }
  let messages: unknown[] = []

  const server = createServer(async (request, response) => {
    const body = JSON.parse(await new Response(request as unknown as ReadableStream).text()) as { messages: unknown[] }
    messages = body.messages
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const say = (content: string, more: object = {}) =>
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: null, ...more }] })}\n\n`)
    say('{"interpretation":"')
    for (const [index, piece] of pieces.entries()) {
      await wait(gapMs)
      if (index === 0) writing.firstMs = performance.now()
      say(piece)
    }
    say('","symbols":["water"],"emotions":["calm"],"insights":["Water may be only water."]}')
    say('', { finish_reason: 'stop' })
    const usage = { prompt_tokens: 300, completion_tokens: pieces.length, total_tokens: 300 + pieces.length }
    response.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`)
    response.end('data: [DONE]\n\n')
    writing.lastMs = performance.now()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    writing: (): Writing => ({ ...writing }),
    /** What it was asked last. */
    messages: () => messages,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
