import { type Coverage, createCoverage } from './coverage.ts'
import type { MutantName } from './mutants.ts'
import { createSimulation, type Result, type Simulation } from './simulation.ts'

/** Lets everybody who was just answered go on until they wait again: Node empties its microtasks before the next tick. */
const everybodyWaits = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** Lets the process do what else it has to, such as telling its parent. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Runs the schedules of these seeds and hands over each result; ends early when `onResult` says so. */
export async function runSchedules(options: {
  seeds: Iterable<number>
  mutant?: MutantName | undefined
  coverage?: Coverage
  onResult: (result: Result) => 'go on' | 'stop'
}): Promise<void> {
  const { mutant, coverage = createCoverage(), onResult } = options
  for (const seed of options.seeds) {
    const simulation = createSimulation({ seed, coverage, mutant })
    if (onResult(await resultOf(simulation)) === 'stop') return
  }
}

/** Runs one schedule and tells every step. */
export async function traceSchedule(options: {
  seed: number
  mutant?: MutantName | undefined
  trace: (line: string) => void
}): Promise<Result> {
  const simulation = createSimulation({ ...options, coverage: createCoverage() })
  return resultOf(simulation)
}

async function resultOf(simulation: Simulation): Promise<Result> {
  await breathe()
  while (simulation.step()) await everybodyWaits()
  return simulation.result()
}
