import { isPossible, listRare, pairBar, stateNames } from './coverage.ts'
import { faultNames } from './faults.ts'
import type { Summary } from './simulate.ts'

/** What a run must show. Shares of all schedules. */
export const bars = { crashed: 0.6, doubtful: 0.3, seconds: 720 } as const

/** A run of so many schedules must meet every pair of state and fault so often, and be done in time. */
export const fullRun = 1_000_000

const percent = (part: number, of: number) => `${((100 * part) / Math.max(of, 1)).toFixed(1)} %`

/** What a run has missed, in sentences; empty when it has shown all it should. */
export function listMisses(summary: Summary): string[] {
  const { schedules, crashed, doubtful, failures, coverage, seconds } = summary
  const misses: string[] = []
  if (failures.length > 0) misses.push(`${failures.length} schedules ended with a violation`)
  if (crashed < bars.crashed * schedules) misses.push(`only ${percent(crashed, schedules)} contain a crash`)
  if (doubtful < bars.doubtful * schedules)
    misses.push(`only ${percent(doubtful, schedules)} contain an unknown result`)
  if (schedules < fullRun) return misses
  const rare = listRare(coverage, pairBar)
  if (rare.length > 0) misses.push(`met less than ${pairBar} times: ${rare.join(', ')}`)
  if (seconds > bars.seconds) misses.push(`it took ${seconds.toFixed(0)} s, more than ${bars.seconds}`)
  return misses
}

/** A run as tables for people. */
export function renderSummary(summary: Summary): string {
  const { schedules, steps, seconds, crashed, doubtful, failures } = summary
  const count = (check: string) => failures.filter(({ violations }) => violations.some((v) => v.check === check)).length
  return [
    `${schedules} schedules, ${Math.round(steps / Math.max(schedules, 1))} steps each, ${seconds.toFixed(0)} s, ${Math.round(schedules / seconds)} a second`,
    `with a crash ${percent(crashed, schedules)}, with an unknown result ${percent(doubtful, schedules)}`,
    `double ${count('double')}, lost ${count('lost')}, stuck ${count('stuck')}, other violations ${count('books') + count('withdrawal') + count('bug')}`,
    '',
    ...renderCoverage(summary),
    ...failures
      .slice(0, 10)
      .flatMap(({ seed, violations }) => [
        '',
        `seed ${seed} (npm run sim -- --seed ${seed})`,
        ...violations.map(({ check, detail }) => `  ${check}: ${detail}`),
      ]),
    '',
  ].join('\n')
}

function renderCoverage({ coverage }: Summary): string[] {
  const width = Math.max(...stateNames.map((name) => name.length))
  const cell = (text: string) => text.padStart(16)
  return [
    `${''.padEnd(width)}${faultNames.map(cell).join('')}`,
    ...stateNames.map((state) => {
      const cells = faultNames.map((fault) => (isPossible(state, fault) ? String(coverage.countOf(state, fault)) : '–'))
      return `${state.padEnd(width)}${cells.map(cell).join('')}`
    }),
  ]
}
