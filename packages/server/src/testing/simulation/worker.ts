import { createCoverage } from './coverage.ts'
import type { Violation } from './evidence.ts'
import type { MutantName } from './mutants.ts'
import { runSchedules } from './run.ts'

// Runs its share of the schedules and reports to its parent.

/** Seeds `from`, `from + step`, … below `to`. */
export type Share = { from: number; to: number; step: number; mutant: MutantName | undefined; stopsAtFirst: boolean }

export type Report = {
  schedules: number
  steps: number
  /** Schedules with at least one of these. */
  crashed: number
  doubtful: number
  /** Since the last report, by pair. */
  coverage: number[]
  failures: { seed: number; violations: Violation[] }[]
  isLast: boolean
}

// Failures are ordered by the thousand here, and nobody reads where they come from.
Error.stackTraceLimit = 0

const reportEveryMs = 500
/** More than anybody reads. */
const failuresKept = 20

process.once('message', (share: Share) => {
  void work(share).finally(() => process.disconnect())
})

function* seedsOf({ from, to, step }: Share): Generator<number> {
  for (let seed = from; seed < to; seed += step) yield seed
}

async function work(share: Share): Promise<void> {
  const coverage = createCoverage()
  let report = emptyReport()
  let reportedAt = performance.now()

  function tell(isLast: boolean): void {
    process.send?.({ ...report, coverage: [...coverage.counts], isLast })
    coverage.counts.fill(0)
    report = emptyReport()
    reportedAt = performance.now()
  }

  await runSchedules({
    seeds: seedsOf(share),
    mutant: share.mutant,
    coverage,
    onResult({ seed, violations, faults, steps }) {
      report.schedules += 1
      report.steps += steps
      if (faults.has('crash-before') || faults.has('crash-after')) report.crashed += 1
      if (faults.has('unknown')) report.doubtful += 1
      if (violations.length > 0 && report.failures.length < failuresKept) report.failures.push({ seed, violations })
      if (violations.length > 0 && share.stopsAtFirst) return 'stop'
      if (performance.now() - reportedAt >= reportEveryMs) tell(false)
      return 'go on'
    },
  })
  tell(true)
}

function emptyReport(): Report {
  return { schedules: 0, steps: 0, crashed: 0, doubtful: 0, coverage: [], failures: [], isLast: false }
}
