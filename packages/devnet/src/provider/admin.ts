import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Address, getAddress, isAddress, parseEther } from 'viem'
import { isRecord, parseJson } from '../completion/request.ts'
import type { FaultQueue } from './faults.ts'
import { readBody, sendJson } from './http.ts'
import { parseFault } from './parse-fault.ts'
import { Refusal } from './refusal.ts'
import type { SettlementOutcome } from './settlement.ts'

export type Faucet = (address: Address, amountNeuron: bigint) => Promise<void>

type Deps = {
  requests: Readonly<Record<string, number>>
  faults: FaultQueue
  settle: () => Promise<SettlementOutcome[]>
  faucet: Faucet
}

export type Admin = ReturnType<typeof createAdmin>

const prefix = '/devnet/'

/**
 * The routes of the devnet itself, beside those of a 0G provider:
 * - `POST /devnet/faults`, a `Fault` as JSON: lets the next chat request of this provider go wrong;
 * - `GET /devnet/requests`: how many requests each route of this provider has had;
 * - `POST /devnet/settle`: settles now what this provider is owed;
 * - `POST /devnet/faucet` `{address, amount}`: gives `amount` 0G, a decimal text.
 *
 * They are for programs on this machine. A web page must not reach them, neither by a request from another origin nor
 * by a host name of its own that points here (DNS rebinding).
 */
export function createAdmin({ requests, faults, settle, faucet }: Deps) {
  const routes: Record<string, (request: IncomingMessage) => Promise<unknown>> = {
    'POST /devnet/faults': async (request) => {
      const fault = parseFault(await readJson(request))
      return { ordered: fault, waiting: faults.order(fault) }
    },
    'GET /devnet/requests': async () => requests,
    'POST /devnet/settle': async () => ({ outcomes: (await settle()).map(toWire) }),
    'POST /devnet/faucet': async (request) => {
      const { address, amount } = parseGift(await readJson(request))
      await faucet(address, parseEther(amount))
      return { address, amount }
    },
  }
  return {
    owns: (pathname: string): boolean => pathname.startsWith(prefix),
    async handle(request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> {
      refuseWebPages(request)
      const route = routes[`${request.method} ${pathname}`]
      if (!route) throw new Refusal(`the devnet has only ${Object.keys(routes).join(', ')}`, 404)
      sendJson(response, 200, await route(request))
    },
  }
}

function refuseWebPages({ headers }: IncomingMessage): void {
  if (headers.origin !== undefined) throw new Refusal('the routes of the devnet are not for web pages', 403)
  if (!/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(headers.host ?? '')) {
    throw new Refusal('the routes of the devnet answer only at 127.0.0.1, localhost and [::1]', 403)
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const value = parseJson((await readBody(request)).toString('utf8'))
  if (value === undefined) throw new Refusal('the body must be JSON')
  return value
}

function parseGift(value: unknown): { address: Address; amount: string } {
  const { address, amount } = isRecord(value) ? value : {}
  if (typeof address !== 'string' || !isAddress(address, { strict: false })) {
    throw new Refusal('"address" must be an address: 0x and 40 hex digits')
  }
  if (typeof amount !== 'string' || !/^\d{1,12}(?:\.\d{1,18})?$/.test(amount) || !/[1-9]/.test(amount)) {
    throw new Refusal('"amount" must be the decimal text of an amount of 0G above zero, such as "1.5"')
  }
  return { address: getAddress(address), amount }
}

function toWire({ totalFee, paid, ...outcome }: SettlementOutcome) {
  return { ...outcome, totalFee: String(totalFee), paid: String(paid) }
}
