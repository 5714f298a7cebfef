import { parseArgs } from 'node:util'
import { howToStartPostgres, openTestDatabases } from '../test-databases.ts'
import { type ChaosOptions, runChaos } from './chaos.ts'
import { protections } from './protections.ts'
import { judgeByBars, renderReport } from './report.ts'

const usage = `npm run chaos -- [options]    lets servers die under load for a while, then audits every neuron
  --minutes N          how long (3); up to as long again until servers have died twice at every place
  --deaths N           fails with fewer in that time
  --seed N             what is chosen follows from it (random)
  --json               the result as JSON
  --log FILE           where the servers log
  --protection-off X   ${protections.join(', ')}: leaves a safeguard out, to see that the audit notices
`

try {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '3' },
      deaths: { type: 'string' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      json: { type: 'boolean', default: false },
      log: { type: 'string' },
      'protection-off': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) process.stdout.write(usage)
  else await main(values)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}

async function main(values: {
  minutes: string
  deaths?: string | undefined
  seed: string
  json: boolean
  log?: string | undefined
  'protection-off'?: string | undefined
}): Promise<void> {
  const minutes = Number(values.minutes)
  const seed = Number(values.seed)
  const deaths = values.deaths === undefined ? undefined : Number(values.deaths)
  const without = protections.find((name) => name === values['protection-off'])
  const isUnderstood = minutes > 0 && Number.isSafeInteger(seed) && (deaths === undefined || deaths >= 0)
  if (!isUnderstood || (values['protection-off'] !== undefined && !without)) throw new Error(usage)
  await using databases = await openTestDatabases()
  if (!databases.hasPostgres) {
    throw new Error(howToStartPostgres)
  }
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stopping.abort(new Error(`Stopped by ${signal}`)))
  }
  // A run without a safeguard, and one too short for every place, is judged by its violations alone.
  const isThorough = !without && minutes >= 3
  const options: ChaosOptions = {
    isThorough,
    durationMs: minutes * 60_000,
    seed,
    databases,
    without,
    signal: stopping.signal,
    logFile: values.log,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  }
  const result = await runChaos(options)
  const bars = judgeByBars(result, { deaths, isThorough })
  process.stdout.write(
    values.json ? `${JSON.stringify({ ...result, bars }, undefined, 2)}\n` : renderReport(result, bars),
  )
  if (bars.some(({ isMet }) => !isMet)) process.exitCode = 1
}
