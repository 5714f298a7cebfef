import { readFile, writeFile } from 'node:fs/promises'
import { developmentSchema, settingsSchema, testSchema } from '@dreamscape/server/config/env'

/** `npm run settings` writes docs/settings.md from the schemas; with `--check` it changes nothing and fails when it differs. */
const file = new URL('../docs/settings.md', import.meta.url)

type Setting = { description?: string | undefined; safeParse: (value: unknown) => { success: boolean; data?: unknown } }
type Shape = Record<string, Setting>

const document = `# Settings

Environment variables. \`npm run settings\` writes this page from [config/env.ts](../packages/server/src/config/env.ts);
[.env.example](../.env.example) is the same list to fill in. An empty value counts as not set. When settings are missing or
unusable, the server does not start and names all of them at once.

## The server

${tableOf(settingsSchema.shape)}

## \`npm run dev\`

It embeds a chain and a database and needs no settings. Of those above it takes ${namesIn(settingsSchema.shape, developmentSchema.shape)}
from the environment, sets the chain, the database, the origins and the log level itself, and takes the rest as it is set.
[devnet.md](devnet.md) tells more of them, and what \`npm run devnet\` takes.

${tableOf(without(developmentSchema.shape, settingsSchema.shape))}

## \`npm test\`

${tableOf(testSchema.shape)}
`

function tableOf(shape: Shape): string {
  const rows = Object.entries(shape).map(
    ([name, schema]) => `| \`${name}\` | ${defaultOf(schema)} | ${cellOf(schema.description ?? '')} |`,
  )
  return ['| name | default | effect |', '| --- | --- | --- |', ...rows].join('\n')
}

/** What the server takes when the variable is not there, as one would write it. */
function defaultOf(schema: Setting): string {
  const { success, data } = schema.safeParse(undefined)
  if (!success) return '**must be set**'
  return data === undefined || String(data) === '' ? 'not set' : `\`${cellOf(String(data))}\``
}

function cellOf(text: string): string {
  return text.replaceAll('|', '\\|')
}

function namesIn(shape: Shape, other: Shape): string {
  const names = Object.keys(other).filter((name) => Object.hasOwn(shape, name))
  return new Intl.ListFormat('en').format(names.map((name) => `\`${name}\``))
}

function without(shape: Shape, other: Shape): Shape {
  return Object.fromEntries(Object.entries(shape).filter(([name]) => !Object.hasOwn(other, name)))
}

if (!process.argv.includes('--check')) {
  await writeFile(file, document)
} else if ((await readFile(file, 'utf8').catch(() => '')) !== document) {
  console.error('docs/settings.md is not what config/env.ts says: run `npm run settings` and commit the result')
  process.exitCode = 1
}
