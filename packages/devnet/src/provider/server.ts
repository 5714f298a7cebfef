import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Address, isAddress, isAddressEqual } from 'viem'
import { createAdmin, type Faucet } from './admin.ts'
import type { ChainState } from './chain-state.ts'
import type { ChatHandler } from './chat.ts'
import type { FaultQueue } from './faults.ts'
import type { FeeBook } from './fee-book.ts'
import { sendJson, setCorsHeaders } from './http.ts'
import { type Engine, listModels } from './models.ts'
import { createQuote } from './quote.ts'
import { Refusal } from './refusal.ts'
import type { SignatureStore } from './response-signature.ts'
import type { Sessions } from './sessions.ts'
import type { SettlementOutcome } from './settlement.ts'

/** How many requests each route has had. */
export type RequestCounts = Record<RouteName, number>
type RouteName = 'chat' | 'signature' | 'unsettledFee' | 'models' | 'quote' | 'unsupported'

type Deps = {
  teeSigner: Address
  chain: ChainState
  sessions: Sessions
  fees: FeeBook
  signatures: SignatureStore
  chat: ChatHandler
  faults: FaultQueue
  settle: () => Promise<SettlementOutcome[]>
  faucet: Faucet
  engine: Engine
  takesSchema: boolean
  onLog: (message: string) => void
}

type Handler = (request: IncomingMessage, response: ServerResponse, parameter: string) => Promise<void> | void
type Route = { name: RouteName; method: string; path: RegExp; context: string; handle: Handler }

const proxyContext = 'Provider proxy: handle proxied service, '
const plainContext = 'Provider: '

/** The provider's HTTP server on a free port of 127.0.0.1. Source: 0G provider broker, routes and errors. */
export async function startProviderServer(deps: Deps) {
  const routes = createRoutes(deps)
  const requests: RequestCounts = { chat: 0, signature: 0, unsettledFee: 0, models: 0, quote: 0, unsupported: 0 }
  const admin = createAdmin({ ...deps, requests })

  async function handle(request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> {
    if (admin.owns(pathname)) return admin.handle(request, response, pathname)
    setCorsHeaders(response)
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    const route = routes.find(({ method, path }) => method === request.method && path.test(pathname))
    requests[route?.name ?? 'unsupported'] += 1
    await inContext(route?.context ?? (pathname.startsWith('/v1/proxy') ? proxyContext : plainContext), async () => {
      if (!route) throw new Refusal('unsupported endpoint: endpoint not supported')
      await route.handle(request, response, route.path.exec(pathname)?.[1] ?? '')
    })
  }

  const server = createServer(async (request, response) => {
    response.on('error', () => {}) // a client that has left; the work is done and billed all the same
    const pathname = (request.url ?? '/').replace(/\?.*/s, '')
    try {
      await handle(request, response, pathname)
    } catch (error) {
      sendError(response, error)
      if (!(error instanceof Refusal)) deps.onLog(`${request.method} ${pathname}: ${error}`)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The provider server has no port')

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    async close(): Promise<void> {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function createRoutes({ teeSigner, chain, sessions, fees, signatures, chat, engine, takesSchema }: Deps): Route[] {
  return [
    {
      name: 'chat',
      method: 'POST',
      path: /^\/v1\/proxy(?:\/v1)?\/chat\/completions$/,
      context: proxyContext,
      handle: chat,
    },
    {
      name: 'signature',
      method: 'GET',
      path: /^\/v1\/proxy(?:\/v1)?\/signature\/([^/]+)$/,
      context: proxyContext,
      handle: (_request, response, chatId) => {
        const signature = signatures.find(chatId)
        if (!signature) throw new Refusal('get signature: Chat id not found or expired, chat_id_not_found')
        sendJson(response, 200, signature)
      },
    },
    {
      name: 'unsettledFee',
      method: 'GET',
      path: /^\/v1\/user\/([^/]+)\/unsettledfee$/,
      context: plainContext,
      handle: async (request, response, userAddress) => {
        const user = await sessions.getUser(request.headers.authorization)
        if (!isAddress(userAddress, { strict: false }) || !isAddressEqual(userAddress, user)) {
          throw new Refusal('you can only query your own unsettled fee', 403)
        }
        sendJson(response, 200, { userAddress: user, unsettledFee: String(fees.unsettled(user)) })
      },
    },
    {
      name: 'models',
      method: 'GET',
      path: /^\/v1\/models$/,
      context: plainContext,
      handle: async (_request, response) =>
        sendJson(response, 200, listModels(await chain.getService(), { engine, takesSchema })),
    },
    {
      name: 'quote',
      method: 'GET',
      path: /^\/v1\/quote$/,
      context: plainContext,
      handle: (_request, response) => sendJson(response, 200, createQuote(teeSigner)),
    },
  ]
}

/** A refusal with status 400 tells where it comes from; the others are plain. */
async function inContext(context: string, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    throw error instanceof Refusal && error.status === 400 ? new Refusal(context + error.message) : error
  }
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy()
  else if (error instanceof Refusal) sendJson(response, error.status, { error: error.message })
  else sendJson(response, 500, { error: 'internal error' })
}
