import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as timer } from 'node:timers/promises'
import type { ProblemCode } from '@dreamscape/protocol/problems'
import { getAddress, isAddress } from 'viem'
import type { Db } from '../../database/connect.ts'
import type { Identity, Outcome, SignedCall } from '../../http/identity.ts'
import { canonicalJson } from '../../platform/canonical-json.ts'
import { type Checkpoint, passCheckpoint } from '../../platform/checkpoint.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Hex } from '../../platform/hex.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Secret } from '../../platform/secret.ts'
import type { SignatureVerifier } from '../../platform/signature/verifier.ts'
import { openAnswer, type SealKey, sealAnswer } from './sealed-answer.ts'
import { createSignedRequestStore } from './store.ts'

/** How far a signed timestamp may be from our clock. */
export const freshness = { pastMs: 5 * 60_000, futureMs: 60_000 }

/** How long first answers are kept; far longer than a signature is fresh, so a pruned one cannot run again. */
const keepAnswersMs = 24 * 3_600_000

const pollIntervalMs = 250

/** Failures after money may have moved: the first of them is the answer, now and for every retry. */
const finalFailures: ReadonlySet<ProblemCode> = new Set([
  'provider-failed',
  'verification-failed',
  'analysis-unparseable',
  'deadline-exceeded',
  'transaction-failed',
  'payout-failed',
])

export type AuthService = ReturnType<typeof createAuthService>

type Answer = { outcome: Outcome } | { failure: { code: ProblemCode; message: string; meta: Record<string, unknown> } }

/** Proves who signed, and spends every signature once. */
export function createAuthService(deps: {
  verifier: SignatureVerifier
  db: Db
  clock: Clock
  leaseMs: number
  /** Makes body hashes that tell nothing to who does not have it. */
  bodyKey: Secret<Uint8Array>
  checkpoint?: Checkpoint
}) {
  const { verifier, db, clock, leaseMs, bodyKey, checkpoint = passCheckpoint } = deps
  const store = createSignedRequestStore(db)
  const flights = new Map<string, { bodyHash: string; outcome: Promise<Outcome> }>()
  /** How runs ended whose answer was kept together with what it paid for, until they are over. */
  const kept = new Map<string, number | ProblemCode>()
  let isClosing = false

  function prove(call: SignedCall): { principal: Principal; key: SealKey } {
    if (!isAddress(call.address)) {
      throw new AppError(
        'invalid-request',
        'The address is in mixed case but its checksum is wrong: check it for a typo',
      )
    }
    const proof = verifier.verify(call)
    if (!proof) {
      throw new AppError(
        'signature-invalid',
        'The signature is not one of this address over this message: sign the exact text, with the values as sent',
      )
    }
    const address: Hex = getAddress(call.address)
    const seal = (answer: object) => sealAnswer(answer, proof)
    const firstAskedAt = new Date(clock.now())
    return { principal: { address, digest: proof.digest, runId: randomUUID(), firstAskedAt, seal }, key: proof }
  }

  function isFresh({ timestamp }: SignedCall): boolean {
    const age = clock.now() - timestamp
    return age <= freshness.pastMs && age >= -freshness.futureMs
  }

  async function runOnce(
    { call, principal, key, bodyHash }: { call: SignedCall; principal: Principal; key: SealKey; bodyHash: string },
    run: (principal: Principal) => Promise<Outcome>,
  ): Promise<Outcome> {
    // A request that was let in before may be asked for again at any age; only new ones must be fresh.
    if (!isFresh(call) && !(await store.find(principal))) throw expired(clock)
    for (;;) {
      if (isClosing) throw shuttingDown()
      const now = clock.now()
      const leaseUntil = new Date(now + leaseMs)
      const claimed = await store.claim({ ...principal, bodyHash, now: new Date(now), leaseUntil })
      if (claimed) {
        await checkpoint('request-claimed')
        return settle(principal, await attempt({ ...principal, firstAskedAt: claimed.created_at }, run))
      }
      const earlier = await store.find(principal)
      if (earlier && earlier.body_hash !== bodyHash) throw used()
      if (earlier?.answer) return unwrap(open(earlier.answer, key))
      // It runs in another process, which holds the lease at most until `lease_until`.
      await clock.wait(pollIntervalMs)
    }
  }

  async function settle(principal: Principal, answer: Answer): Promise<Outcome> {
    await checkpoint('request-ran')
    const isKept = kept.get(principal.runId) === endOf(answer)
    kept.delete(principal.runId)
    if (isKept) return unwrap(answer)
    if (isFinal(answer)) await store.finish(principal, principal.seal(answer))
    else await store.release(principal)
    await checkpoint('request-finished')
    return unwrap(answer)
  }

  async function attempt(principal: Principal, run: (principal: Principal) => Promise<Outcome>): Promise<Answer> {
    try {
      return { outcome: await run(principal) }
    } catch (error) {
      if (error instanceof AppError) return toAnswer(error)
      kept.delete(principal.runId)
      await store.release(principal)
      throw error
    }
  }

  return {
    async authenticate(call) {
      const { principal } = prove(call)
      if (!isFresh(call)) throw expired(clock)
      return principal
    },

    async once(call, request, run) {
      const { principal, key } = prove(call)
      // Keyed, because whoever reads the database could otherwise confirm a guess of what was dreamt.
      const bodyHash = createHmac('sha256', bodyKey.reveal()).update(canonicalJson(request)).digest('hex')
      const id = `${principal.address}:${principal.digest}`
      const flight = flights.get(id)
      if (flight) {
        if (flight.bodyHash !== bodyHash) throw used()
        return flight.outcome
      }
      const outcome = runOnce({ call, principal, key, bodyHash }, run).finally(() => flights.delete(id))
      flights.set(id, { bodyHash, outcome })
      return outcome
    },

    /**
     * Keeps the answer to `principal`'s request within the caller's transaction, so that it cannot be lost after it was
     * paid. Throws `provider-failed` when the run outlived its lease and another one took the request over: that one has
     * met this run's reservation and told its caller, finally, that the answer is lost. The transaction is undone, so the
     * reservation stays held, then unknown, until reconciliation books what the provider bills; both callers, and whoever
     * asks again, are told the same.
     */
    async keep(trx: Db, principal: Principal, answer: Outcome | AppError): Promise<void> {
      const sealed = principal.seal(toAnswer(answer))
      if (!(await createSignedRequestStore(trx).finish(principal, sealed))) throw takenOver()
      kept.set(principal.runId, endOf(toAnswer(answer)))
    },

    /**
     * Lets nothing new run, and waits for what runs, `graceMs` at most. A run goes on when its client has left, so no open
     * connection tells of it; its answer is paid for.
     */
    async close(graceMs: number): Promise<void> {
      isClosing = true
      const ended = Promise.allSettled([...flights.values()].map(({ outcome }) => outcome))
      await Promise.race([ended, timer(graceMs, undefined, { ref: false })])
    },

    /** Forgets first answers after a day. */
    prune: () => store.removeOlderThan(new Date(clock.now() - keepAnswersMs)),
  } satisfies Identity & Record<string, unknown>
}

/** Opens a kept answer. A wallet that never signs twice alike has many valid signatures; only the first one opens it. */
function open(sealed: Uint8Array, key: SealKey): Answer {
  try {
    // NOTE the answer was written by this service and is authenticated by AES-GCM.
    return openAnswer(sealed, key) as Answer
  } catch {
    throw new AppError(
      'signature-used',
      'This message was answered under another signature of yours, and only that one opens the answer: sign a new message',
    )
  }
}

function toAnswer(answer: Outcome | AppError): Answer {
  if (!(answer instanceof AppError)) return { outcome: answer }
  return { failure: { code: answer.code, message: answer.message, meta: answer.meta } }
}

/** A transaction that was undone ends its run in another way than the answer it would have kept. */
function endOf(answer: Answer): number | ProblemCode {
  return 'outcome' in answer ? answer.outcome.status : answer.failure.code
}

/** 200 is final; 202 is still under way, and asking again tells how it went. */
function isFinal(answer: Answer): boolean {
  if ('failure' in answer) return finalFailures.has(answer.failure.code)
  return answer.outcome.status === 200 && !answer.outcome.isForgotten
}

function unwrap(answer: Answer): Outcome {
  if ('outcome' in answer) return answer.outcome
  throw new AppError(answer.failure.code, answer.failure.message, answer.failure.meta)
}

function expired(clock: Clock): AppError {
  return new AppError(
    'signature-expired',
    'The timestamp is more than 5 minutes old or more than 1 minute ahead: sign again with the present time in milliseconds',
    { serverTime: clock.now() },
  )
}

function shuttingDown(): AppError {
  return new AppError(
    'shutting-down',
    'This instance is about to stop and did nothing for you: send the same request again',
  )
}

function takenOver(): AppError {
  return new AppError(
    'provider-failed',
    'This request took too long and was started again meanwhile, so its answer is lost: sign a new one. What it cost is being reconciled',
  )
}

function used(): AppError {
  return new AppError(
    'signature-used',
    'This signature was spent on another request: sign a new message with a new timestamp',
  )
}
