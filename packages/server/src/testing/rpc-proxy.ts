import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export type RpcProxy = Awaited<ReturnType<typeof startRpcProxy>>

type HttpAnswer = { status: number; text: string }

type Refusal = { message: string; times: number }

type Asked = { id: number; method: string }

type Losses = Record<'requests' | 'answers' | 'results', Set<string>>

/** What goes wrong with one HTTP request, which may carry several calls. */
export type Disturbance =
  | { kind: 'lost-request' }
  | { kind: 'lost-answer' }
  | { kind: 'status'; status: number }
  | { kind: 'delay'; delayMs: number }
  /** Every call is refused as underpriced; the node has taken them all the same when `isForwarded`. */
  | { kind: 'underpriced'; isForwarded: boolean }

/** An HTTP proxy in front of a JSON-RPC node that counts calls, loses those it is told to, and can go away. */
export async function startRpcProxy(target: string) {
  let calls: string[] = []
  const losses: Losses = { requests: new Set(), answers: new Set(), results: new Set() }
  const refusals = new Map<string, Refusal>()
  let witness: ((methods: readonly string[]) => Promise<void>) | undefined
  let disturb: (methods: readonly string[]) => Disturbance | undefined = () => undefined
  const losing = (lost: Set<string>, methods: string[]) => methods.some((method) => lost.has(method))

  const server = createServer(async (request, response) => {
    const body = await readAll(request)
    const methods = methodsOf(body)
    calls.push(...methods)
    await witness?.(methods)
    const disturbance = disturb(methods)
    if (disturbance?.kind === 'delay') await wait(disturbance.delayMs)
    if (disturbance?.kind === 'status') return send(response, { status: disturbance.status, text: '' })
    if (disturbance?.kind === 'lost-request' || losing(losses.requests, methods)) return void response.destroy()
    const isRefused = methods.some((method) => (refusals.get(method)?.times ?? 0) > 0)
    if (isRefused) return refuseSome(response, body)
    const isUnderpriced = disturbance?.kind === 'underpriced'
    if (isUnderpriced && !disturbance.isForwarded) return refuseAll(response, body, underpriced)
    const answer = await forward(target, body)
    const isLost = disturbance?.kind === 'lost-answer' || losing(losses.answers, methods)
    if (!answer || isLost) return void response.destroy()
    if (isUnderpriced) return refuseAll(response, body, underpriced)
    send(response, losing(losses.results, methods) ? withoutResults(answer) : answer)
  })

  /** Refuses those calls of a request that are to be, and passes the others on. */
  async function refuseSome(response: ServerResponse, body: string): Promise<void> {
    const asked = JSON.parse(body) as Asked | Asked[]
    const passed: Asked[] = []
    const answers: object[] = []
    for (const call of [asked].flat()) {
      const refusal = refusals.get(call.method)
      if (!refusal || refusal.times === 0) passed.push(call)
      else {
        refusal.times -= 1
        answers.push(errorAnswer(call, refusal.message))
      }
    }
    const forwarded = passed.length > 0 ? await forward(target, JSON.stringify(passed)) : { status: 200, text: '[]' }
    if (!forwarded) return void response.destroy()
    const all = [...answers, ...(JSON.parse(forwarded.text) as object[])]
    send(response, { status: 200, text: JSON.stringify(Array.isArray(asked) ? all : all[0]) })
  }

  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)

  async function goDown(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  return {
    url: `http://127.0.0.1:${port}`,
    /** The methods called since the last `forget`, in order. */
    calls: (): readonly string[] => calls,
    forget: (): void => {
      calls = []
    },
    /** Is told of calls before they reach the node; they wait for it. */
    watch: (see: (methods: readonly string[]) => Promise<void>): void => {
      witness = see
    },
    /** Calls of `method` never reach the node, until `heal`. */
    loseRequests: (method: string): void => void losses.requests.add(method),
    /** Calls of `method` reach the node and their answers are lost, until `heal`. */
    loseAnswers: (method: string): void => void losses.answers.add(method),
    /** Calls sent together with one of `method` are answered with null, as for what the node has not seen, until `heal`. */
    hideResults: (method: string): void => void losses.results.add(method),
    /** The next `times` calls of `method` are answered with this error, as the node would word it. */
    refuse: (method: string, message: string, times: number): void => void refusals.set(method, { message, times }),
    /** Asks `choose` about every request what goes wrong with it, until `heal`. */
    disturb: (choose: (methods: readonly string[]) => Disturbance | undefined): void => {
      disturb = choose
    },
    heal: (): void => {
      disturb = () => undefined
      refusals.clear()
      for (const lost of Object.values(losses)) lost.clear()
    },
    /** Refuses connections until `comeBack`. */
    goDown,
    comeBack: async (): Promise<void> => void (await listen(port)),
    [Symbol.asyncDispose]: goDown,
  }
}

function errorAnswer({ id }: Asked, message: string): object {
  return { jsonrpc: '2.0', id, error: { code: -32000, message } }
}

/** Refuses every call of a request. */
function refuseAll(response: ServerResponse, body: string, message: string): void {
  const asked = JSON.parse(body) as Asked | Asked[]
  const answers = [asked].flat().map((call) => errorAnswer(call, message))
  send(response, { status: 200, text: JSON.stringify(Array.isArray(asked) ? answers : answers[0]) })
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** What a node says to a transaction that pays too little. */
const underpriced = 'replacement transaction underpriced'

function methodsOf(body: string): string[] {
  return [JSON.parse(body) as { method: string } | { method: string }[]].flat().map(({ method }) => method)
}

async function forward(target: string, body: string): Promise<HttpAnswer | undefined> {
  try {
    const answer = await fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    return { status: answer.status, text: await answer.text() }
  } catch {
    return undefined
  }
}

function withoutResults({ status, text }: HttpAnswer): HttpAnswer {
  return { status, text: JSON.stringify(JSON.parse(text), (name, value) => (name === 'result' ? null : value)) }
}

function send(response: ServerResponse, { status, text }: HttpAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}
