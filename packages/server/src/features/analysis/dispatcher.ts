import type { Address } from 'viem'
import { type Checkpoint, passCheckpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError, assertNever } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import type { SignatureVerifier } from '../../platform/signature/verifier.ts'
import type { ChatClient, ChatOutcome } from '../../provider/chat.ts'
import type { Refusal, RefusalReason } from '../../provider/refusal.ts'
import type { Reservation, Reservations } from '../broker/reservations.ts'
import type { BrokerService } from '../broker/service.ts'
import type { Sessions } from '../broker/sessions.ts'
import type { FundingService } from '../funding/service.ts'
import type { Service } from '../models/catalogue.ts'
import type { ProviderHealth } from '../models/health.ts'
import type { SchemaSupport } from '../models/schema-support.ts'
import { type Answered, type Billed, createBilling, type FetchSignature } from './billing.ts'
import type { Plan, Wire } from './plan.ts'

type Sent = { sent: Plan; outcome: ChatOutcome }

/** The first billed answer, and what is held for it. */
export type Dispatched = Billed & { service: Service; reservation: Reservation }

/** What became of a second call. `refused` surely cost nothing, `unknown` may have been billed. */
export type SecondCall = { state: 'answered'; billed: Billed } | { state: 'refused' } | { state: 'unknown' }

/** For whom a request is sent, its name in logs and answers, and when it must be over. */
type Errand = {
  principal: Principal
  requestId: string
  deadlineMs: number
  /** Told each piece of the answer as it arrives; must not throw. */
  onContent?: ((text: string, plan: Plan) => void) | undefined
  /** Told the whole answer before it is proved; must not throw. */
  onAnswer?: (answer: Answered) => void
  /** Keeps the bytes of the answer. */
  keepsBytes?: boolean
}

/** A reservation outlives its request's deadline by this, then its outcome counts as unknown. */
const graceMs = 60_000

/** Requests of one account at once may take what another has just made available, so many times. */
const maxShares = 3

/** When to ask again after a refusal, in seconds: as the soonest of the providers says, within reason. */
const retryAfter = { shortest: 1, usual: 10, longest: 300 }

/** Refusals that say something of the provider; the others are about this account or request and never open its breaker. */
const providerFaults: ReadonlySet<RefusalReason> = new Set(['unreachable', 'overloaded', 'model-gone'])

export type Dispatcher = ReturnType<typeof createDispatcher>

/** Sends a request to the first provider that takes it, under a reservation. */
export function createDispatcher(deps: {
  broker: BrokerService
  funding: FundingService
  reservations: Reservations
  sessions: Sessions
  health: Pick<ProviderHealth, 'succeeded' | 'failed' | 'quarantine'>
  schemas: Pick<SchemaSupport, 'refused'>
  chat: ChatClient
  fetchSignature: FetchSignature
  verifier: Pick<SignatureVerifier, 'verify'>
  clock: Clock
  log: Log
  checkpoint?: Checkpoint
}) {
  const {
    broker,
    funding,
    reservations,
    sessions,
    health,
    schemas,
    chat,
    fetchSignature,
    verifier,
    clock,
    log,
    checkpoint = passCheckpoint,
  } = deps
  const bill = createBilling({ health, fetchSignature, verifier, log, checkpoint })

  /** Those the account can already pay, cheapest first; if there are none, the cheapest alone: one failure locks no second OG. */
  async function affordable(principal: Principal, plans: readonly Plan[]): Promise<readonly Plan[]> {
    if (plans.length === 1) return plans
    const usable = new Map((await broker.listUsable(principal.address)).map((item) => [item.provider, item.usable]))
    const payable = plans.filter(({ service, worstCase }) => (usable.get(service.provider) ?? 0n) >= worstCase)
    return payable.length > 0 ? payable : plans.slice(0, 1)
  }

  async function reserve({ principal, requestId, deadlineMs }: Errand, plan: Plan): Promise<Reservation> {
    const { provider, model } = plan.service
    const amount = plan.worstCase
    const hold = () =>
      reservations.hold({ principal, requestId, provider, model, amount, heldUntilMs: deadlineMs + graceMs })
    for (let shares = 0; shares < maxShares; shares += 1) {
      const held = await hold()
      if (held) return held
      await funding.ensureUsable(principal.address, provider, amount)
    }
    const held = await hold()
    if (held) return held
    throw new AppError('provider-unavailable', 'Other requests took what was just made available: try again shortly')
  }

  /**
   * One attempt. A session token that the provider has stopped to accept is renewed once; a schema that it refuses is left
   * out once. Returns what was sent in the end.
   */
  async function send(errand: Errand, plan: Plan, signal: AbortSignal): Promise<Sent> {
    const { principal, onContent, keepsBytes = false } = errand
    const { provider, baseUrl } = plan.service
    let sent = plan
    for (let renewals = 0; ; ) {
      const bearer = await sessions.bearer(principal.address, provider)
      const outcome = await chat.chat({
        baseUrl,
        bearer,
        body: sent.body,
        signal,
        maxResponseBytes: sent.maxResponseBytes,
        maxContentLength: sent.maxContentLength,
        keepsBytes,
        onContent: (text) => onContent?.(text, plan),
      })
      // Who breaks over a schema may have billed the request, so it is not sent again; the next one goes without.
      if (outcome.state === 'unknown' && sent.withoutSchema && isAnswerOfSorts(outcome)) schemas.refused(plan.service)
      if (outcome.state !== 'refused') return { sent, outcome }
      if (outcome.reason === 'token' && renewals === 0) {
        sessions.forget(principal.address, provider)
        renewals += 1
      } else if (outcome.reason === 'schema' && sent.withoutSchema) {
        schemas.refused(plan.service)
        sent = withoutSchema(sent, sent.withoutSchema())
      } else {
        // It may have been the schema all the same: the next request goes without.
        if (sent.withoutSchema && isUnexplained(outcome)) schemas.refused(plan.service)
        return { sent, outcome }
      }
    }
  }

  async function reserveAndSend(errand: Errand, plan: Plan, signal: AbortSignal) {
    const reservation = await reserve(errand, plan)
    await checkpoint('reservation-held')
    const { sent, outcome } = await send(errand, plan, signal).catch(async (error: unknown) => {
      // Only the session token can throw here: the request was not sent.
      await reservations.release(reservation)
      throw error
    })
    return { reservation, sent, outcome }
  }

  function noteRefusal(provider: Address, { reason, status }: Refusal): void {
    if (providerFaults.has(reason)) health.failed(provider)
    log.warn({ provider, kind: reason, status }, 'provider refused')
  }

  function noteUnknown(provider: Address, { reason }: Extract<ChatOutcome, { state: 'unknown' }>): void {
    // What the model behind the provider said to this request says nothing of the next one.
    if (reason !== 'provider-error') health.failed(provider)
    log.warn({ provider, kind: reason }, 'provider outcome unknown')
  }

  async function attempt(errand: Errand, plan: Plan, signal: AbortSignal) {
    const { provider } = plan.service
    let { reservation, sent, outcome } = await reserveAndSend(errand, plan, signal)
    if (outcome.state === 'refused' && outcome.reason === 'balance') {
      // The provider counts more as owed than our books do, or was just settling: fill up by its count, and ask once more.
      await reservations.release(reservation)
      await funding.ensureUsable(errand.principal.address, provider, plan.worstCase)
      ;({ reservation, sent, outcome } = await reserveAndSend(errand, plan, signal))
    }
    switch (outcome.state) {
      case 'answered':
        health.succeeded(provider)
        await checkpoint('provider-answered')
        return { sent, outcome, reservation }
      case 'refused':
        await reservations.release(reservation)
        await checkpoint('reservation-released')
        noteRefusal(provider, outcome)
        return { retryAfterSeconds: outcome.retryAfterSeconds ?? retryAfter.usual }
      case 'unknown':
        await reservations.markUnknown(reservation)
        await checkpoint('reservation-unknown')
        noteUnknown(provider, outcome)
        throw signal.aborted
          ? new AppError(
              'deadline-exceeded',
              'The provider did not finish in time. It may bill what it did; that is being reconciled',
            )
          : new AppError('provider-failed', 'The provider broke off. It may bill what it did; that is being reconciled')
    }
  }

  const signalOf = ({ deadlineMs }: Pick<Errand, 'deadlineMs'>) => clock.deadline(Math.max(1, deadlineMs - clock.now()))

  return {
    /**
     * Sends one of `plans` and returns the billed answer. Another provider is tried only when the one before surely cost
     * nothing. Throws `insufficient-funds`, `provider-unavailable`, or after sending `provider-failed`, `deadline-exceeded`.
     */
    async dispatch({ plans, ...errand }: Errand & { plans: readonly Plan[] }): Promise<Dispatched> {
      const signal = signalOf(errand)
      let retryAfterSeconds: number | undefined
      for (const plan of await affordable(errand.principal, plans)) {
        if (signal.aborted) break
        const attempted = await attempt(errand, plan, signal)
        if ('retryAfterSeconds' in attempted) {
          const told = Math.max(attempted.retryAfterSeconds, retryAfter.shortest)
          retryAfterSeconds = Math.min(retryAfterSeconds ?? retryAfter.longest, told)
          continue
        }
        const { sent, outcome, reservation } = attempted
        return {
          ...(await bill({ plan: sent, answer: outcome, signal, onAnswer: errand.onAnswer })),
          service: plan.service,
          reservation,
        }
      }
      throw new AppError(
        'provider-unavailable',
        'No provider of this model took the request, and nothing was charged: try again shortly',
        { retryAfterSeconds: retryAfterSeconds ?? retryAfter.usual },
      )
    },

    /**
     * Sends one more request to the provider of a billed answer, under the same reservation, which must cover both; else
     * nothing is sent. The caller charges what both cost, or leaves the reservation unknown when this outcome is.
     */
    async callAgain(options: Errand & { first: Dispatched; plan: Plan }): Promise<SecondCall> {
      const { first, plan, ...errand } = options
      const { provider } = first.service
      if (first.cost + plan.worstCase > first.reservation.amount) return { state: 'refused' }
      const signal = signalOf(errand)
      // Without a session token nothing is sent.
      const call = await send(errand, plan, signal).catch(() => undefined)
      if (!call) return { state: 'refused' }
      const { sent, outcome } = call
      switch (outcome.state) {
        case 'answered':
          health.succeeded(provider)
          await checkpoint('provider-answered')
          return answered(await bill({ plan: sent, answer: outcome, signal }).catch(() => undefined))
        case 'refused':
          noteRefusal(provider, outcome)
          return { state: 'refused' }
        case 'unknown':
          noteUnknown(provider, outcome)
          return { state: 'unknown' }
        default:
          return assertNever(outcome)
      }
    },
  }
}

/** What it cost is unknown when that could not be found out. */
function answered(billed: Billed | undefined): SecondCall {
  return billed ? { state: 'answered', billed } : { state: 'unknown' }
}

function withoutSchema({ withoutSchema: _, ...plan }: Plan, wire: Wire): Plan {
  return { ...plan, ...wire }
}

/** Whether the provider said something that a schema may have led to. */
function isAnswerOfSorts({ reason }: Extract<ChatOutcome, { state: 'unknown' }>): boolean {
  return reason === 'unexpected-status' || reason === 'provider-error' || reason === 'response-malformed'
}

/** Refused for a reason that nobody told. */
function isUnexplained({ reason, status }: Refusal): boolean {
  return reason === 'other' && (status === 400 || status === 422)
}
