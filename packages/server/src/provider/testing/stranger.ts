import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createProviderAgent } from '../guarded-agent.ts'

export type Received = { method: string; url: string; headers: IncomingMessage['headers']; body: Buffer }

export type Reply = (response: ServerResponse, received: Received) => void | Promise<void>

export type Stranger = Awaited<ReturnType<typeof startStranger>>

/** A real HTTP server that answers what a test wants, and an agent that may reach it. */
export async function startStranger(reply: Reply) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const body: Buffer[] = []
    for await (const chunk of request) body.push(chunk)
    const { method = '', url = '', headers } = request
    const call = { method, url, headers, body: Buffer.concat(body) }
    received.push(call)
    await reply(response, call)
  })
  let connectionCount = 0
  server.on('connection', () => connectionCount++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const agent = createProviderAgent({ allowLoopback: true })

  return {
    agent,
    port,
    baseUrl: `http://127.0.0.1:${port}`,
    received,
    connectionCount: () => connectionCount,
    async [Symbol.asyncDispose]() {
      await agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Sends the parts as separate chunks: each is on the wire before the next is written. */
export async function sendChunks(response: ServerResponse, parts: (string | Uint8Array)[]): Promise<void> {
  for (const part of parts) {
    await new Promise<void>((resolve) => response.write(part, () => resolve()))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export function jsonReply(status: number, value: unknown, headers = {}): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
  }
}
