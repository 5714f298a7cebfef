import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startLocal } from './local.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

test('the example of the README has a dream analysed', async () => {
  const readme = await readFile(`${root}/README.md`, 'utf8')
  const [, example = ''] = /```js\n([\s\S]*?)```/.exec(readme) ?? []
  const local = await startLocal({ PORT: '0', DEVNET_RPC_PORT: '0', DATA_DIR: '' })

  try {
    const { code, output, errors } = await run(example.replace('http://127.0.0.1:3001', local.server.url))

    expect(errors).toBe('')
    expect(output).toMatch(/interpretation: '.+'/)
    expect(output).toMatch(/It cost 0\.000\d+ OG; 2\.999\d+ OG are left\./)
    expect(code).toBe(0)
  } finally {
    await local.close()
  }
})

/** Runs a module as if it were saved in the root folder. */
async function run(module: string): Promise<{ code: number; output: string; errors: string }> {
  const child = spawn(process.execPath, ['--input-type=module'], { cwd: root, stdio: 'pipe' })
  child.stdin.end(module)
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, output, errors }
}
