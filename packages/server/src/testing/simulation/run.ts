import { type Coverage, createCoverage } from './coverage.ts'
import type { MutantName } from './mutants.ts'
import { createSimulation, type Result, type Simulation } from './simulation.ts'

/** So many schedules run side by side and share a turn of the event loop; more would not fit into the processor's caches. */
const sideBySide = 8

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Runs the schedules of these seeds and hands over each result; ends early when `onResult` says so. */
export async function runSchedules(options: {
  seeds: Iterable<number>
  mutant?: MutantName | undefined
  coverage?: Coverage
  onResult: (result: Result) => 'go on' | 'stop'
}): Promise<void> {
  const { mutant, coverage = createCoverage(), onResult } = options
  const seeds = options.seeds[Symbol.iterator]()
  const start = (): Simulation[] => {
    const next = seeds.next()
    return next.done ? [] : [createSimulation({ seed: next.value, coverage, mutant })]
  }
  let active = Array.from({ length: sideBySide }, start).flat()
  while (active.length > 0) {
    const going: Simulation[] = []
    for (const simulation of active) {
      if (simulation.step()) going.push(simulation)
      else if (onResult(simulation.result()) === 'stop') return
      else going.push(...start())
    }
    active = going
    await turn()
  }
}

/** Runs one schedule and tells every step. */
export async function traceSchedule(options: {
  seed: number
  mutant?: MutantName | undefined
  trace: (line: string) => void
}): Promise<Result> {
  const simulation = createSimulation({ ...options, coverage: createCoverage() })
  while (simulation.step()) await turn()
  return simulation.result()
}
