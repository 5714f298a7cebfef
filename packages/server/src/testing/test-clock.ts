import { type Clock, systemClock } from '../platform/clock.ts'

export type TestClock = Clock & {
  /** Moves the time; nothing else does. */
  advance: (durationMs: number) => void
}

/** The longest anybody really waits. */
const longestWaitMs = 5

/** Stands still until a test moves it. Whoever waits is let go soon, and finds the time unchanged. */
export function createTestClock(startMs = Date.now()): TestClock {
  let nowMs = startMs
  return {
    now: () => nowMs,
    wait: (durationMs, signal) => systemClock.wait(Math.min(durationMs, longestWaitMs), signal),
    deadline: systemClock.deadline,
    advance: (durationMs) => {
      nowMs += durationMs
    },
  }
}
