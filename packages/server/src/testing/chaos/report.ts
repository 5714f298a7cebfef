import type { ChaosResult } from './chaos.ts'
import { killsWanted } from './kills.ts'

/** What a run has to reach. Undefined: it does not matter. */
export type Bars = { deaths: number | undefined; isThorough: boolean }

export type Verdict = { isMet: boolean; text: string }

/** How the run did by each of its bars. */
export function judgeByBars(result: ChaosResult, { deaths, isThorough }: Bars): Verdict[] {
  const { violations, deathsInTime, neverKilledTwice } = result
  const verdicts = [{ isMet: violations.length === 0, text: `0 violations: ${violations.length}` }]
  if (deaths !== undefined) {
    verdicts.push({
      isMet: deathsInTime >= deaths,
      text: `at least ${deaths} deaths in the time given: ${deathsInTime}`,
    })
  }
  if (isThorough) {
    const places = neverKilledTwice.length > 0 ? `too few at ${neverKilledTwice.join(', ')}` : 'all'
    verdicts.push({
      isMet: neverKilledTwice.length === 0,
      text: `at least ${killsWanted} deaths at every place: ${places}`,
    })
  }
  return verdicts
}

/** A run as tables for people. */
export function renderReport(result: ChaosResult, verdicts: readonly Verdict[]): string {
  const { seed, seconds, users, violations } = result
  const deaths = Object.values(result.kills).reduce((sum, count) => sum + count, 0)
  const lines = [
    `seed ${seed}, ${seconds} s, ${users} users, ${deaths} deaths`,
    ...renderCounts('operations', result.operations),
    ...renderCounts('answers', result.answers),
    ...renderCounts('withdrawals', result.withdrawals),
    ...renderCounts('deaths by place', result.kills),
    ...renderCounts('faults', result.faults),
    '',
    `violations: ${violations.length}`,
    ...violations.map(({ check, user, detail }) => `  ${check}: user ${user}: ${detail} (seed ${seed})`),
    '',
    'bars',
    ...verdicts.map(({ isMet, text }) => `  ${isMet ? 'met   ' : 'MISSED'}  ${text}`),
  ]
  return `${lines.join('\n')}\n`
}

function renderCounts(title: string, counts: Record<string, number>): string[] {
  const width = Math.max(...Object.keys(counts).map((name) => name.length), 0)
  return ['', title, ...Object.entries(counts).map(([name, count]) => `  ${name.padEnd(width)}  ${count}`)]
}
