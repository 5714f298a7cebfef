import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { copyFile, readFile, rename } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseJson } from '../completion/request.ts'

// The file in which anvil keeps a chain, and beside it the id of the anvil that holds it. A pid file and not a lock of
// the operating system, because the holder is anvil: it may outlive us for the moment in which it writes the file.

const patienceMs = 6_000

/** Resolves once no anvil holds `file`; throws after some seconds, naming the one that does. */
export async function untilFree(file: string): Promise<void> {
  const deadline = performance.now() + patienceMs
  for (let holder = findHolder(file); holder !== undefined; holder = findHolder(file)) {
    if (performance.now() > deadline) {
      throw new Error(`${file} is in use by another devnet (its anvil is process ${holder}). End that one first`)
    }
    await sleep(50)
  }
  rmSync(pidFile(file), { force: true })
}

/** Marks `file` as held by the anvil `pid`; throws when another one was faster. */
export function hold(file: string, pid: number): void {
  try {
    writeFileSync(pidFile(file), String(pid), { flag: 'wx' })
  } catch (cause) {
    throw new Error(`${file} is in use by another devnet that has just been started`, { cause })
  }
}

export function release(file: string): void {
  rmSync(pidFile(file), { force: true })
}

/**
 * Checks that the chain in `file` is whole and copies it beside, where it stays until the next start. anvil writes the
 * file in place, so a power cut in that moment leaves half of it: throws then with what to do.
 */
export async function backUp(file: string): Promise<void> {
  const backup = backupFile(file)
  if (parseJson(await readFile(file, 'utf8')) === undefined) {
    const recent = existsSync(backup)
      ? ` or go back to the chain as it was at the last start: replace it by ${backup}`
      : ''
    throw new Error(`${file} is damaged: it was cut off while it was written. Remove its folder to begin anew${recent}`)
  }
  await copyFile(file, `${backup}.new`)
  await rename(`${backup}.new`, backup)
}

function backupFile(file: string): string {
  return file.replace(/(\.json)?$/, '.backup.json')
}

function pidFile(file: string): string {
  return `${file}.pid`
}

function findHolder(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile(file), 'utf8'))
    process.kill(pid, 0)
    return isOurAnvil(pid, file) ? pid : undefined
  } catch {
    return undefined // no pid file, or no such process
  }
}

/** Where /proc tells, a process that has ended but was not reaped, or that got the id later, is none of ours. */
function isOurAnvil(pid: number, file: string): boolean {
  const commandLine = `/proc/${pid}/cmdline`
  return !existsSync(commandLine) || readFileSync(commandLine, 'utf8').split('\0').includes(file)
}
