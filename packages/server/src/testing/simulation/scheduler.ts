import type { Random } from '../chaos/random.ts'

/** Somebody whose effects are scheduled: an instance of the service, a client, the world. What is dead never goes on. */
export type Actor = {
  readonly name: string
  isAlive: boolean
  /** Stands still until then, as a process does that the machine has suspended. Milliseconds. */
  frozenUntilMs: number
}

export type Pending = {
  readonly actor: Actor
  readonly atMs: number
  /** Somebody waits for its result, other than for a timer. */
  readonly isEffect: boolean
  /** Whether it may happen now, apart from its time. */
  readonly guard: (() => boolean) | undefined
  fire: () => void
}

type Timer = { afterMs: number; isEffect?: boolean; fire: () => void }

export type Scheduler = ReturnType<typeof createScheduler>

/**
 * Decides what happens next. Everything that somebody does or waits for stands in one list; `step` picks one by chance and
 * lets it happen. Time stands still while anything can happen, then jumps to the next moment something can. So one seed is
 * one order of events, for good.
 */
export function createScheduler({ random, startMs }: { random: Random; startMs: number }) {
  let pending: Pending[] = []
  let nowMs = startMs
  const ready: number[] = []

  const readyAt = ({ actor, atMs }: Pending) => Math.max(atMs, actor.frozenUntilMs)

  /** Indexes of what can happen now. */
  function findReady(): readonly number[] {
    ready.length = 0
    for (let index = 0; index < pending.length; index += 1) {
      const entry = pending[index]
      if (entry && readyAt(entry) <= nowMs && (!entry.guard || entry.guard())) ready.push(index)
    }
    return ready
  }

  function jump(): boolean {
    let nextMs = Number.POSITIVE_INFINITY
    for (const entry of pending) {
      if (!entry.guard || entry.guard()) nextMs = Math.min(nextMs, readyAt(entry))
    }
    if (nextMs === Number.POSITIVE_INFINITY) return false
    nowMs = nextMs
    return true
  }

  return {
    now: () => nowMs,

    /** Lets time pass at once, for everybody. */
    warp: (durationMs: number): void => {
      nowMs += durationMs
    },

    /** Lets it happen at some moment from its time on at which its guard holds. */
    enqueue(entry: Pending): void {
      if (entry.actor.isAlive) pending.push(entry)
    },

    /** Calls `fire` at some moment from `afterMs` on. */
    plan(actor: Actor, { afterMs, isEffect = false, fire }: Timer): void {
      if (actor.isAlive) pending.push({ actor, atMs: nowMs + afterMs, isEffect, guard: undefined, fire })
    },

    /** Whether anybody is in the middle of something. */
    hasEffects: (): boolean => pending.some(({ isEffect }) => isEffect),

    /** What `actor` had before it is gone; nobody who waited for it ever hears of it. */
    forget(actor: Actor): void {
      pending = pending.filter((entry) => entry.actor !== actor)
    },

    /** Lets one thing happen; false when nothing can happen any more. */
    step(): boolean {
      let choices = findReady()
      if (choices.length === 0) {
        if (!jump()) return false
        choices = findReady()
      }
      const index = choices[choices.length === 1 ? 0 : random.int(0, choices.length - 1)] ?? 0
      const chosen = pending[index]
      const last = pending.pop()
      if (last && last !== chosen) pending[index] = last
      chosen?.fire()
      return true
    },
  }
}
