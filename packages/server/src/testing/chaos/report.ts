import type { ChaosResult } from './chaos.ts'

/** A run as tables for people. */
export function renderReport(result: ChaosResult): string {
  const { seed, seconds, users, violations, neverKilledTwice } = result
  const lines = [
    `seed ${seed}, ${seconds} s, ${users} users`,
    ...renderCounts('operations', result.operations),
    ...renderCounts('answers', result.answers),
    ...renderCounts('deaths by place', result.kills),
    ...renderCounts('faults', result.faults),
    '',
    `violations: ${violations.length}`,
    ...violations.map(({ check, user, detail }) => `  ${check}: user ${user}: ${detail} (seed ${seed})`),
  ]
  if (neverKilledTwice.length > 0) lines.push('', `died less than twice at: ${neverKilledTwice.join(', ')}`)
  return `${lines.join('\n')}\n`
}

function renderCounts(title: string, counts: Record<string, number>): string[] {
  const width = Math.max(...Object.keys(counts).map((name) => name.length), 0)
  return ['', title, ...Object.entries(counts).map(([name, count]) => `  ${name.padEnd(width)}  ${count}`)]
}
