import { parseArgs } from 'node:util'
import { howToStartPostgres, openTestDatabases } from '../test-databases.ts'
import { type ChaosOptions, runChaos } from './chaos.ts'
import { protections } from './protections.ts'
import { renderReport } from './report.ts'

const usage = `npm run chaos -- [options]    lets servers die under load for a while, then audits every neuron
  --minutes N          how long (3); up to as long again until servers have died twice at every place
  --seed N             what is chosen follows from it (random)
  --json               the result as JSON
  --log FILE           where the servers log
  --protection-off X   ${protections.join(', ')}: leaves a safeguard out, to see that the audit notices
`

try {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '3' },
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
  seed: string
  json: boolean
  log?: string | undefined
  'protection-off'?: string | undefined
}): Promise<void> {
  const minutes = Number(values.minutes)
  const seed = Number(values.seed)
  const without = protections.find((name) => name === values['protection-off'])
  if (!(minutes > 0) || !Number.isSafeInteger(seed) || (values['protection-off'] !== undefined && !without)) {
    throw new Error(usage)
  }
  await using databases = await openTestDatabases()
  if (!databases.hasPostgres) {
    process.stderr.write(`Skipped. ${howToStartPostgres}\n`)
    return
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
  process.stdout.write(values.json ? `${JSON.stringify(result, undefined, 2)}\n` : renderReport(result))
  const isIncomplete = isThorough && result.neverKilledTwice.length > 0
  if (result.violations.length > 0 || isIncomplete) process.exitCode = 1
}
