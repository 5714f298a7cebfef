import { connect } from 'node:net'
import { fundRequest, fundResponse } from '@dreamscape/protocol/funding'
import { address, messages } from '@dreamscape/protocol/identity'
import { z } from 'zod'
import { AppError } from '../../platform/errors.ts'
import type { LogFields } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import type { AppOptions } from '../app.ts'
import { createHttpServer } from '../http-server.ts'
import type { Identity, SignedCall } from '../identity.ts'
import { type Route, route } from '../route.ts'
import { closeGracefully } from '../shutdown.ts'

export const toyAddress = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'
export const toyBody = { address: toyAddress, amount: '4.0', signature: '0xsigned', timestamp: 1767225600000 }
export const signedHeaders = { 'x-signature': '0xsigned', 'x-timestamp': '1767225600000' }
const principal: Principal = {
  address: toyAddress,
  digest: '0xdigest',
  runId: 'run',
  firstAskedAt: new Date(0),
  seal: () => new Uint8Array(),
}
const about = { method: 'get', summary: 'A toy', tag: 'toy', problems: [] } as const

export const fundRoute = route({
  ...about,
  operationId: 'fundToy',
  method: 'post',
  path: '/toy/fund',
  auth: { message: messages.fund, from: 'body', use: 'once' },
  body: fundRequest,
  response: fundResponse,
  problems: ['insufficient-funds', 'chain-unavailable'],
  statuses: [200, 202],
  status: ({ status }) => (status === 'pending' ? 202 : 200),
  handler: async ({ body }) => ({ txHash: `0x${'0'.repeat(64)}`, newBalance: body.amount, status: 'pending' }),
})

export const balanceRoute = route({
  ...about,
  operationId: 'getToyBalance',
  path: '/toy/balance/{address}',
  auth: { message: messages.balance, from: 'headers', use: 'read' },
  params: z.object({ address }),
  response: z.object({ balance: z.string(), owner: address }),
  handler: async ({ principal }) => ({ balance: '1', owner: principal.address }),
})

export const listRoute = route({
  ...about,
  operationId: 'listToys',
  path: '/toy/list',
  auth: 'none',
  query: z.object({
    after: z.string().optional().meta({ description: 'Where to go on' }),
    limit: z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(1).max(9)).default(5),
  }),
  response: z.object({ after: z.string().nullable(), limit: z.int() }),
  handler: async ({ query }) => ({ after: query.after ?? null, limit: query.limit }),
})

export const healthRoute = route({
  ...about,
  operationId: 'getToyHealth',
  path: '/toy/health',
  auth: 'none',
  response: z.object({ status: z.literal('ok') }),
  cacheControl: 'public, max-age=5',
  handler: async () => ({ status: 'ok' }),
})

/** GET `path` does what it is told. */
export function toyRoute(path: string, run: () => Promise<Record<string, unknown>>): Route {
  const response = z.looseObject({})
  return route({
    ...about,
    operationId: path.slice(1),
    path,
    auth: 'none',
    response,
    handler: run,
  })
}

/** Trusts everybody but who signs with `0xforged`, and keeps first outcomes by message. */
export function createToyIdentity() {
  const calls: SignedCall[] = []
  const requests: object[] = []
  const outcomes = new Map<string, ReturnType<Parameters<Identity['once']>[2]>>()
  const authenticate: Identity['authenticate'] = async (call) => {
    calls.push(call)
    if (call.signature === '0xforged') throw new AppError('signature-invalid', 'Sign the message again.')
    return principal
  }
  const identity: Identity = {
    authenticate,
    async once(call, request, run) {
      await authenticate(call)
      requests.push(request)
      const outcome = outcomes.get(call.message) ?? run(principal)
      outcomes.set(call.message, outcome)
      return outcome
    },
  }
  return { identity, calls, requests }
}

export async function startToyServer(options: Partial<AppOptions> = {}) {
  const lines: (LogFields & { level: string; message: string })[] = []
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push({ ...fields, level, message })
  const toy = createToyIdentity()
  const server = createHttpServer({
    routes: [fundRoute, balanceRoute, listRoute, healthRoute],
    identity: toy.identity,
    chainId: 31337,
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    corsOrigins: ['https://app.example'],
    checkResponses: true,
    ...options,
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : 0
  const url = `http://127.0.0.1:${port}`
  return {
    ...toy,
    server,
    lines,
    port,
    get: (path: string, headers: Record<string, string> = {}) => answerOf(fetch(url + path, { headers })),
    post: (path: string, body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
      answerOf(
        fetch(url + path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ),
    request: (path: string, init: RequestInit) => fetch(url + path, init),
    /** Sends bytes as they are; `received` is everything up to the end of the connection. */
    raw: (text: string) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(text))
      const received = new Promise<string>((resolve) => {
        let all = ''
        socket.setEncoding('latin1').on('data', (chunk) => {
          all += chunk
        })
        socket.on('error', () => {}).on('close', () => resolve(all))
      })
      return { socket, received }
    },
    [Symbol.asyncDispose]: () => closeGracefully(server, 0),
  }
}

/** A promise for a test to settle when it is time. */
export function deferred<T = void>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

async function answerOf(answering: Promise<Response>) {
  const response = await answering
  const text = await response.text()
  const headers = Object.fromEntries(response.headers)
  return { status: response.status, headers, text, body: text === '' ? undefined : JSON.parse(text) }
}
