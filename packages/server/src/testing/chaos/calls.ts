import { setTimeout as wait } from 'node:timers/promises'
import { messages } from '@dreamscape/protocol/identity'
import { type Hex, hashMessage, type PrivateKeyAccount } from 'viem'
import type { Gate } from './gate.ts'
import type { Instance } from './instance.ts'
import type { Random } from './random.ts'

/** `status` 0: no answer came. */
export type Answer = { status: number; code: string; text: string }

/** What a request asks for. */
type Wish =
  | { kind: 'init' }
  | { kind: 'fund'; amount: string }
  | { kind: 'analyze'; dreamText: string; options: object }
  | { kind: 'withdraw'; amount: string }
  | { kind: 'cancel' }

/** One signed request, however often it is asked. */
export type Call = {
  kind: Wish['kind']
  user: Hex
  digest: Hex
  body: { amount?: string; dreamText?: string; timestamp: number }
  answers: Answer[]
}

export type Calls = ReturnType<typeof createCalls>

const paths: Record<Wish['kind'], string> = {
  init: '/api/broker/init',
  fund: '/api/broker/fund',
  analyze: '/api/ai/analyze',
  withdraw: '/api/broker/withdraw',
  cancel: '/api/broker/withdraw/cancel',
}
const patienceMs = 20_000

/** What ends a request for its client; the rest is asked again. */
export function isFinal({ status }: Answer): boolean {
  return status === 200 || (status >= 400 && status < 500) || status === 502 || status === 504
}

/** What a withdrawal waits for that asking again does not bring. */
export function waitingOf(answer: Answer | undefined): 'lock-time' | 'gas' | undefined {
  if (answer?.status !== 202) return undefined
  const { withdrawal } = JSON.parse(answer.text) as { withdrawal?: { waitsFor: string | null } }
  return withdrawal?.waitsFor === 'lock-time' || withdrawal?.waitsFor === 'gas' ? withdrawal.waitsFor : undefined
}

/** A frontend: signs once, sends, and sends the same body again when no final answer came. Remembers every answer. */
export function createCalls(options: {
  instances: readonly [Instance, Instance]
  gate: Gate
  chainId: number
  now: () => number
}) {
  const { instances, gate, chainId, now } = options
  const all: Call[] = []
  const statuses = new Map<string, number>()
  let inFlight = 0
  let lastTimestamp = 0
  let isHurried = false

  async function request(instance: Instance, path: string, init: RequestInit): Promise<Answer> {
    inFlight += 1
    try {
      const response = await fetch(instance.url() + path, { ...init, signal: AbortSignal.timeout(patienceMs) })
      const text = await response.text()
      return { status: response.status, code: codeOf(text), text }
    } catch {
      return { status: 0, code: 'no-answer', text: '' }
    } finally {
      inFlight -= 1
    }
  }

  function count(what: string, { status, code }: Answer): void {
    const key = `${what} ${status === 0 || status >= 300 ? `${status} ${code}` : status}`
    statuses.set(key, (statuses.get(key) ?? 0) + 1)
  }

  async function send(call: Call, instance: Instance): Promise<Answer> {
    const answer = await request(instance, paths[call.kind], {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(call.body),
    })
    call.answers.push(answer)
    count(call.kind, answer)
    return answer
  }

  /** Later than every one before, or two requests would be one. */
  function timestamp(): number {
    lastTimestamp = Math.max(now(), lastTimestamp + 1)
    return lastTimestamp
  }

  return {
    all: (): readonly Call[] => all,
    statuses: (): ReadonlyMap<string, number> => statuses,
    inFlight: () => inFlight,
    /** Whether requests are asked once only: what stays open is for later. */
    setHurried: (value: boolean): void => {
      isHurried = value
    },
    send,

    async sign(account: PrivateKeyAccount, wish: Wish): Promise<Call> {
      const { kind, ...fields } = wish
      const signed = { address: account.address, timestamp: timestamp() }
      const message = textOf(wish, { ...signed, chainId })
      const signature = await account.signMessage({ message })
      const body = { ...signed, ...fields, signature }
      const call: Call = { kind, user: account.address, digest: hashMessage(message), body, answers: [] }
      all.push(call)
      return call
    },

    /** Asks until the answer is final or has to be waited for, up to `tries` times, mostly of the other instance than before. */
    async pursue(call: Call, random: Random, tries = 4): Promise<Answer | undefined> {
      let index = random.int(0, 1) as 0 | 1
      for (let attempt = 0; attempt < tries; attempt += 1) {
        if (isHurried && attempt > 0) return undefined
        await gate.pass()
        await Promise.race([instances[index].untilUp(), wait(5_000)])
        const answer = await send(call, instances[index])
        if (isFinal(answer) || waitingOf(answer)) return answer
        if (random.chance(0.8)) index = index === 0 ? 1 : 0
        await wait(random.int(100, 1_500))
      }
      return undefined
    },

    async balance(account: PrivateKeyAccount, instance: Instance): Promise<Answer> {
      const signed = { address: account.address, timestamp: timestamp() }
      const signature = await account.signMessage({ message: messages.balance(signed) })
      const headers = { 'x-signature': signature, 'x-timestamp': String(signed.timestamp) }
      const answer = await request(instance, `/api/broker/balance/${account.address}`, { headers })
      count('balance', answer)
      return answer
    },
  }
}

function textOf(wish: Wish, signed: { address: Hex; timestamp: number; chainId: number }): string {
  switch (wish.kind) {
    case 'fund':
    case 'withdraw':
      return messages[wish.kind]({ ...signed, amount: wish.amount })
    case 'cancel':
      return messages.cancelWithdrawal(signed)
    case 'init':
    case 'analyze':
      return messages[wish.kind](signed)
  }
}

function codeOf(text: string): string {
  try {
    return String((JSON.parse(text) as { code?: unknown }).code)
  } catch {
    return 'unreadable'
  }
}
