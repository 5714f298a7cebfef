import { parseArgs } from 'node:util'
import { type MutantName, mutantNames } from './mutants.ts'
import { fullRun, listMisses, renderSummary } from './report.ts'
import { traceSchedule } from './run.ts'
import { compileSimulation, type Summary, simulate } from './simulate.ts'

const usage = `npm run sim -- [options]    drives the code that moves money through seeded schedules of faults
  --schedules N   how many (${fullRun}; fewer are not judged by coverage and time)
  --from N        the first seed (1)
  --seed N        one schedule, step by step; with --mutant NAME, of that mutant
  --mutants       plants each known mistake and looks for it, in up to 10000 schedules
  --json          the result as JSON
`

/** A mistake has to be found within so many schedules. */
const seedsPerMutant = 10_000

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: String(fullRun) },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (text: string) => process.stdout.write(`${text}\n`)
const sayJson = (value: unknown) => say(JSON.stringify(value, undefined, 2))

if (values.help) say(usage)
else if (values.seed) await replay(Number(values.seed), values.mutant)
else {
  await compileSimulation()
  await (values.mutants ? hunt() : survey(Number(values.schedules), Number(values.from)))
}

async function replay(seed: number, name: string | undefined): Promise<void> {
  const mutant = mutantNames.find((known) => known === name)
  const { violations } = await traceSchedule({ seed, mutant, trace: say })
  for (const { check, detail } of violations) say(`${check}: ${detail}`)
  say(violations.length > 0 ? `${violations.length} violations` : 'no violation')
  if (violations.length > 0) process.exitCode = 1
}

async function survey(schedules: number, from: number): Promise<void> {
  let toldAt = 0
  let toldFailures = 0
  const onProgress = (summary: Summary) => {
    for (const { seed, violations } of summary.failures.slice(toldFailures)) {
      process.stderr.write(`seed ${seed}: ${violations[0]?.check}: ${violations[0]?.detail}\n`)
    }
    toldFailures = summary.failures.length
    if (summary.seconds - toldAt < 5) return
    toldAt = summary.seconds
    const { schedules: done, seconds, failures } = summary
    const rate = Math.round(done / seconds)
    process.stderr.write(`${done} of ${schedules}, ${rate} a second, ${failures.length} violations\n`)
  }
  const summary = await simulate({ schedules, from, onProgress })
  const misses = listMisses(summary)
  if (values.json) sayJson({ ...summary, coverage: [...summary.coverage.counts], misses })
  else say([renderSummary(summary), ...misses.map((miss) => `MISSED: ${miss}`)].join('\n'))
  if (misses.length > 0) process.exitCode = 1
}

async function hunt(): Promise<void> {
  const found: Record<string, { seed: number; detail: string } | null> = {}
  for (const mutant of mutantNames) {
    found[mutant] = await findMutant(mutant)
    const { seed, detail } = found[mutant] ?? {}
    if (!values.json) say(`${mutant.padEnd(34)}${seed === undefined ? 'NOT FOUND' : `seed ${seed}: ${detail}`}`)
  }
  if (values.json) sayJson(found)
  if (Object.values(found).includes(null)) process.exitCode = 1
}

async function findMutant(mutant: MutantName): Promise<{ seed: number; detail: string } | null> {
  const { failures } = await simulate({ schedules: seedsPerMutant, mutant, stopsAtFirst: true })
  const [first] = failures.sort((a, b) => a.seed - b.seed)
  const [violation] = first?.violations ?? []
  return first && violation ? { seed: first.seed, detail: `${violation.check}: ${violation.detail}` } : null
}
