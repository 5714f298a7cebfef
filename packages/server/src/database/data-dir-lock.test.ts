import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { StartupError } from '../platform/errors.ts'
import { lockDataDir } from './data-dir-lock.ts'

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dreamscape-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Another process that holds `folder` until it is killed. */
async function startHolder(folder: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('../testing/lock-child.ts', import.meta.url))
  const args = ['--conditions=@dreamscape/source', '--import', 'tsx', script, folder]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

describe('the lock of a data folder', () => {
  test('is held once, and names who holds it', async () => {
    const folder = await makeFolder()
    const lock = lockDataDir(folder)

    expect(() => lockDataDir(folder)).toThrow(StartupError)
    expect(() => lockDataDir(folder)).toThrow(
      new RegExp(
        `^DATA_DIR ${folder} is held by process ${process.pid}, since 20.*: stop it, or choose another DATA_DIR$`,
      ),
    )
    lock.release()
  })

  test('is free again after its release', async () => {
    const folder = await makeFolder()
    lockDataDir(folder).release()

    const lock = lockDataDir(folder)

    expect(() => lockDataDir(folder)).toThrow(`held by process ${process.pid}`)
    lock.release()
  })

  test('keeps other processes out, and dies with its holder, by SIGKILL too', async () => {
    const folder = await makeFolder()
    const holder = await startHolder(folder)

    expect(() => lockDataDir(folder)).toThrow(`held by process ${holder.pid}`)

    holder.kill('SIGKILL')
    await once(holder, 'exit')
    expect(() => lockDataDir(folder).release()).not.toThrow()
  })
})
