import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Coverage, createCoverage } from './coverage.ts'
import type { Violation } from './evidence.ts'
import type { MutantName } from './mutants.ts'
import type { Report, Share } from './worker.ts'

const folder = dirname(fileURLToPath(import.meta.url))
const compiled = join(folder, '../../../dist/simulation/testing/simulation/worker.js')

/** Nearly all that a schedule makes is gone when it is over. */
const execArgv = ['--max-semi-space-size=32']

export type Failure = { seed: number; violations: Violation[] }

export type Summary = {
  schedules: number
  steps: number
  seconds: number
  crashed: number
  doubtful: number
  coverage: Coverage
  failures: Failure[]
}

/**
 * Compiles the code and its simulation to plain JavaScript: what is run a million times should not be transformed in a way
 * that costs at every function.
 */
export async function compileSimulation(): Promise<void> {
  const root = join(folder, '../../../../..')
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const run = promisify(execFile)
  await run(process.execPath, [tsc, '-b', join(root, 'packages/protocol')])
  await run(process.execPath, [tsc, '-p', folder])
}

/** Runs the schedules of seeds `from` to `from + schedules`, on every core. */
export async function simulate(options: {
  from?: number
  schedules: number
  mutant?: MutantName | undefined
  /** Ends with the first violation. */
  stopsAtFirst?: boolean
  workers?: number
  signal?: AbortSignal
  onProgress?: (summary: Summary) => void
}): Promise<Summary> {
  const { from = 1, schedules, mutant, stopsAtFirst = false, onProgress = () => {}, signal } = options
  const { workers = availableParallelism() } = options
  const startedMs = performance.now()
  const summary: Summary = {
    ...{ schedules: 0, steps: 0, seconds: 0, crashed: 0, doubtful: 0, failures: [] },
    coverage: createCoverage(),
  }
  const children = new Set<ChildProcess>()

  function add(report: Report): void {
    summary.schedules += report.schedules
    summary.steps += report.steps
    summary.crashed += report.crashed
    summary.doubtful += report.doubtful
    summary.failures.push(...report.failures)
    summary.coverage.add(report.coverage)
    summary.seconds = (performance.now() - startedMs) / 1_000
    onProgress(summary)
    if (stopsAtFirst && summary.failures.length > 0) for (const child of children) child.kill()
  }

  async function runShare(share: Share): Promise<void> {
    const child = fork(compiled, {
      execArgv,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      ...(signal ? { signal } : {}),
    })
    children.add(child)
    let isDone = false
    child.on('message', (report: Report) => {
      isDone ||= report.isLast
      add(report)
    })
    child.send(share)
    await once(child, 'exit')
    children.delete(child)
    if (!isDone && !child.killed) throw new Error('A worker of the simulation died')
  }

  const to = from + schedules
  await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      runShare({ from: from + index, to, step: workers, mutant, stopsAtFirst }),
    ),
  )
  return summary
}
