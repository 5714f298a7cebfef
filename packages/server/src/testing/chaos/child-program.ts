import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const entry = fileURLToPath(new URL('child.ts', import.meta.url))
const cacheFolder = fileURLToPath(new URL('../../../../../node_modules/.cache/dreamscape', import.meta.url))

/** They load native code or WebAssembly from beside themselves, or are not needed where that is there. */
const external = ['secp256k1', '@bitauth/libauth', 'fs-native-extensions', '@electric-sql/pglite']

/** CommonJS packages ask for Node's own modules this way. */
const banner = {
  js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url)",
}

/**
 * Makes one file of the server that dies: loading it takes a tenth of the processor time that its sources take, and a run
 * loads it hundreds of times. The file lies below `node_modules`, where what it does not contain is found.
 */
export async function buildChildProgram(): Promise<{ script: string; remove: () => Promise<void> }> {
  await mkdir(cacheFolder, { recursive: true })
  const folder = await mkdtemp(join(cacheFolder, 'chaos-'))
  const script = join(folder, 'child.mjs')
  await build({
    entryPoints: [entry],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@dreamscape/source'],
    external,
    banner,
    logLevel: 'warning',
  })
  return { script, remove: () => rm(folder, { recursive: true, force: true }) }
}
