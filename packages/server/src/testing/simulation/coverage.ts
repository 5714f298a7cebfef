import { type FaultName, faultNames } from './faults.ts'

const kinds = ['deposit', 'transfer', 'restore', 'retrieve', 'refund', 'payout'] as const
const phases = ['prepared', 'broadcast', 'unknown', 'mined'] as const

/** Where the money of an account can be when something goes wrong. `mined`: on chain, and not booked yet. */
export const stateNames = [
  'idle',
  ...kinds.flatMap((kind) => phases.map((phase) => `${kind} ${phase}` as const)),
  'withdrawal deciding',
  'withdrawal waiting',
  'reservation held',
  'reservation unknown',
] as const

export type StateName = (typeof stateNames)[number]

/** Only what waits for a block can be evicted. */
export function isPossible(state: StateName, fault: FaultName): boolean {
  const isWaiting = kinds.some((kind) => state === `${kind} broadcast` || state === `${kind} unknown`)
  return fault !== 'evicted' || isWaiting
}

/** So often each possible pair is to be met in a full run. */
export const pairBar = 1_000

export type Coverage = ReturnType<typeof createCoverage>

/** Counts which fault was met in which state. */
export function createCoverage() {
  const counts = new Uint32Array(stateNames.length * faultNames.length)
  const indexOf = (state: StateName, fault: FaultName) =>
    stateNames.indexOf(state) * faultNames.length + faultNames.indexOf(fault)
  return {
    counts,
    note: (state: StateName, fault: FaultName): void => {
      const index = indexOf(state, fault)
      counts[index] = (counts[index] ?? 0) + 1
    },
    countOf: (state: StateName, fault: FaultName): number => counts[indexOf(state, fault)] ?? 0,
    add: (more: ArrayLike<number>): void => {
      for (let index = 0; index < counts.length; index += 1) counts[index] = (counts[index] ?? 0) + (more[index] ?? 0)
    },
  }
}

/** Pairs that are possible and were met less than `bar` times. */
export function listRare(coverage: Coverage, bar: number): string[] {
  return stateNames.flatMap((state) =>
    faultNames
      .filter((fault) => isPossible(state, fault) && coverage.countOf(state, fault) < bar)
      .map((fault) => `${state} × ${fault} (${coverage.countOf(state, fault)})`),
  )
}
