import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'

export type Asked = { path: string | undefined; authorization: string | undefined; body: Record<string, unknown> }
type Reply = (response: ServerResponse, asked: Asked) => void | Promise<void>

/** A server in the place of an OpenAI-compatible one: remembers what it was asked and replies as told. */
export async function startLanguageModelStub() {
  const asked: Asked[] = []
  let reply: Reply = (response) => void response.end()
  const server = createServer(async (request: IncomingMessage, response) => {
    const body = (await json(request)) as Record<string, unknown>
    const question = { path: request.url, authorization: request.headers.authorization, body }
    asked.push(question)
    await reply(response, question)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The stub has no port')
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    asked,
    replyWith: (next: Reply) => {
      reply = next
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
