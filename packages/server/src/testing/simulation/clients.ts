import type { Address } from 'viem'
import { AppError } from '../../platform/errors.ts'
import type { Hex } from '../../platform/hex.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Random } from '../chaos/random.ts'
import type { Services } from './instance.ts'
import type { Actor, Scheduler } from './scheduler.ts'

/** What an instance said to a request. `open`: it goes on, ask again. */
export type Answer =
  | { state: 'done'; value: unknown }
  | { state: 'open' }
  | { state: 'refused'; code: string }
  /** The instance died, stood still, or could not say. */
  | { state: 'none' }

/** One signed request, however often it is asked. */
export type Order = {
  kind: 'deposit' | 'analyze' | 'withdraw' | 'cancel'
  /** Its place in the order of all; the analysis it pays for bears it as its name. */
  index: number
  principal: Principal
  amount: bigint | undefined
  ask: (services: Services) => Promise<Answer>
  answers: Answer[]
}

/** A running instance; `died` resolves when it is killed. */
export type Running = { actor: Actor; services: Services; died: Promise<void> }

/** Codes that mean: ask the same again. */
const passing = new Set(['chain-unavailable', 'store-unavailable', 'provider-unavailable'])

const patienceMs = 8_000

export type Clients = ReturnType<typeof createClients>

/** Users and their frontends: they sign an order once and ask it, of any instance, until there is an answer. */
export function createClients(deps: {
  scheduler: Scheduler
  random: Random
  user: Address
  planOf: (index: number) => Parameters<Services['analyze']>[1]
  running: () => readonly Running[]
  onBug: (error: unknown) => void
  onAnswer: (order: Order, answer: Answer) => void
}) {
  const { scheduler, random, user, planOf, running, onBug, onAnswer } = deps
  const actor: Actor = { name: 'client', isAlive: true, frozenUntilMs: 0 }
  const orders: Order[] = []

  const pause = (afterMs: number): Promise<void> =>
    new Promise((resolve) => scheduler.plan(actor, { afterMs, fire: resolve }))

  function sign(kind: Order['kind'], amount: bigint | undefined): Order {
    const index = orders.length
    const digest: Hex = `0x${(index + 1).toString(16).padStart(64, '0')}`
    const firstAskedAt = new Date(scheduler.now())
    const seal = () => new Uint8Array()
    const principal: Principal = { address: user, digest, runId: `run-${index}`, firstAskedAt, seal }
    const order: Order = { kind, index, principal, amount, answers: [], ask: (services) => askOf(order)(services) }
    orders.push(order)
    return order
  }

  function askOf({ kind, principal, amount, index }: Order): (services: Services) => Promise<Answer> {
    switch (kind) {
      case 'deposit':
        return async (services) => {
          const { status, txHash } = await services.deposit(principal, amount ?? 0n)
          return status === 'confirmed' ? { state: 'done', value: txHash } : { state: 'open' }
        }
      case 'analyze':
        return async (services) => ({ state: 'done', value: await services.analyze(principal, planOf(index)) })
      case 'withdraw':
        return async (services) => answerOf(await services.withdraw(principal, amount))
      case 'cancel':
        return async (services) => answerOf(await services.cancel(principal))
    }
  }

  async function ask(order: Order, { services, died }: Running): Promise<Answer> {
    const answer = order.ask(services).catch((error: unknown): Answer => {
      if (!(error instanceof AppError)) onBug(error)
      else if (!passing.has(error.code)) return { state: 'refused', code: error.code }
      return { state: 'none' }
    })
    const none = { state: 'none' } as const
    const heard = await Promise.race([answer, died.then(() => none), pause(patienceMs).then(() => none)])
    order.answers.push(heard)
    onAnswer(order, heard)
    return heard
  }

  return {
    orders: (): readonly Order[] => orders,
    sign,
    pause,

    /** Asks up to `tries` times, mostly one instance after the other, now and then two at once. */
    async pursue(order: Order, tries = random.int(1, 4)): Promise<void> {
      for (let attempt = 0; attempt < tries; attempt += 1) {
        const up = running()
        const chosen = up[random.int(0, up.length - 1)]
        if (!chosen) {
          await pause(1_000)
          continue
        }
        const others = random.chance(0.15) ? up.filter((instance) => instance !== chosen).slice(0, 1) : []
        const [answer] = await Promise.all([ask(order, chosen), ...others.map((other) => ask(order, other))])
        if (answer?.state === 'done' || answer?.state === 'refused') return
        if (attempt < tries - 1) await pause(random.int(20, 600))
      }
    },
  }
}

/** Whether there is an answer to an order that stays. */
export function isAnswered({ answers }: Order): boolean {
  return answers.some(({ state }) => state === 'done' || state === 'refused')
}

function answerOf(withdrawal: { state: string; payout: unknown }): Answer {
  const { state } = withdrawal
  return state === 'open' || state === 'cancelling' ? { state: 'open' } : { state: 'done', value: withdrawal }
}
