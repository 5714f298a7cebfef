import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { findCrisis } from '@dreamscape/server/features/analysis/crisis/screen'

/** `npm run eval:crisis` runs the crisis screen over texts whose answer is known; it fails when a bar is missed. */
const bars = { hitRate: 0.95, falseAlarmRate: 0.02 }
const folder = new URL('../packages/server/src/features/analysis/crisis/corpus/', import.meta.url)
const usage = `npm run eval:crisis [-- options]
  --file F  texts as JSON lines {"text", "language", "crisis"} in place of our own; may be given more than once
  --json    the figures and the texts that went wrong as JSON`

type Sample = { text: string; language: string; crisis: boolean }

const { values: options } = parseArgs({
  options: { file: { type: 'string', multiple: true }, json: { type: 'boolean' }, help: { type: 'boolean' } },
})

if (options.help) console.log(usage)
else await run(options.file ?? ['working.jsonl', 'held-out.jsonl', 'fresh.jsonl'].map((name) => new URL(name, folder)))

async function run(files: (string | URL)[]): Promise<void> {
  const reports = await Promise.all(files.map(async (file) => ({ file: String(file), ...report(await read(file)) })))
  if (options.json) console.log(JSON.stringify(reports, undefined, 2))
  else for (const found of reports) print(found)
  if (reports.some(({ isMet }) => !isMet)) process.exitCode = 1
}

async function read(file: string | URL): Promise<Sample[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.trim())
  return lines.map((line) => parse(JSON.parse(line)))
}

function parse(value: Record<string, unknown>): Sample {
  const { text, language, crisis } = value
  if (typeof text === 'string' && typeof language === 'string' && typeof crisis === 'boolean')
    return { text, language, crisis }
  throw new Error(`Not {"text", "language", "crisis"}: ${JSON.stringify(value)}`)
}

function report(samples: Sample[]) {
  const languages = [...new Set(samples.map(({ language }) => language))]
  const total = rates(samples)
  return {
    total,
    languages: languages.map((language) => ({
      language,
      ...rates(samples.filter((candidate) => candidate.language === language)),
    })),
    isMet: total.hitRate >= bars.hitRate && total.falseAlarmRate <= bars.falseAlarmRate,
  }
}

function rates(samples: Sample[]) {
  const crises = samples.filter(({ crisis }) => crisis)
  const ordinary = samples.filter(({ crisis }) => !crisis)
  const missed = crises.filter(({ text }) => !findCrisis(text)).map(({ text }) => text)
  const falseAlarms = ordinary.filter(({ text }) => findCrisis(text)).map(({ text }) => text)
  return {
    crises: crises.length,
    ordinary: ordinary.length,
    hitRate: share(crises.length - missed.length, crises.length, 1),
    falseAlarmRate: share(falseAlarms.length, ordinary.length, 0),
    missed,
    falseAlarms,
  }
}

function share(part: number, whole: number, ofNone: number): number {
  return whole === 0 ? ofNone : part / whole
}

function print({ file, languages, total, isMet }: ReturnType<typeof report> & { file: string }): void {
  console.log(`\n${file}`)
  for (const { language, ...found } of [...languages, { language: 'all', ...total }]) {
    const hits = `${found.crises - found.missed.length} of ${found.crises} found (${percent(found.hitRate)})`
    const alarms = `${found.falseAlarms.length} of ${found.ordinary} false alarms (${percent(found.falseAlarmRate)})`
    console.log(`${language.padEnd(4)} ${hits}, ${alarms}`)
  }
  for (const text of total.missed) console.log(`  missed       ${text}`)
  for (const text of total.falseAlarms) console.log(`  false alarm  ${text}`)
  console.log(
    isMet
      ? 'Both bars are met'
      : `Missed: ${percent(bars.hitRate)} found, ${percent(bars.falseAlarmRate)} false alarms at most`,
  )
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`
}
