import { readFile, writeFile } from 'node:fs/promises'
import { apiDocument, apiRoutes } from '@dreamscape/server/api'
import type { Context } from '@dreamscape/server/context'

/** `npm run openapi` writes docs/openapi.json from the routes; with `--check` it changes nothing and fails when it differs. */
const file = new URL('../docs/openapi.json', import.meta.url)

// Routes are data: describing them calls no service, so none is needed.
const document = `${JSON.stringify(apiDocument(apiRoutes({} as Context)), null, 2)}\n`

if (!process.argv.includes('--check')) {
  await writeFile(file, document)
} else if ((await readFile(file, 'utf8').catch(() => '')) !== document) {
  console.error('docs/openapi.json is not what the routes say: run `npm run openapi` and commit the result')
  process.exitCode = 1
}
