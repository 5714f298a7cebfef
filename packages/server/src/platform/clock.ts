import { setTimeout as timer } from 'node:timers/promises'

/** The only source of time for rules, so that tests and simulations can move it. */
export type Clock = {
  /** Milliseconds since 1970. */
  now: () => number
  /** Resolves after `durationMs`, or at once when `signal` aborts; never rejects. */
  wait: (durationMs: number, signal?: AbortSignal) => Promise<void>
  /** Aborts after `durationMs`; keeps no process alive. */
  deadline: (durationMs: number) => AbortSignal
}

export const systemClock: Clock = {
  now: () => Date.now(),
  wait: (durationMs, signal) => timer(durationMs, undefined, signal && { signal }).catch(() => {}),
  deadline: (durationMs) => AbortSignal.timeout(durationMs),
}
