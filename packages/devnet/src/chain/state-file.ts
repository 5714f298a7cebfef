import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { copyFile, readFile, rename } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseJson } from '../completion/request.ts'

// The file in which anvil keeps a chain, and beside it who holds it: the ids of an anvil and of the process that has
// started it. Not a lock of the operating system, because anvil outlives its parent for as long as it writes the file.

/** How long an anvil without a parent may take to write its state. */
export const savingMs = 10_000

/** Resolves once no anvil holds `file`; throws when one does that is not about to end. */
export async function untilFree(file: string): Promise<void> {
  const deadline = performance.now() + savingMs + 1_000
  for (let holder = findHolder(file); holder !== undefined; holder = findHolder(file)) {
    if (holder.isLasting || performance.now() > deadline) {
      throw new Error(`${file} is in use by another devnet (process ${holder.parent}). End that one first`)
    }
    await sleep(50)
  }
  release(file)
}

/** Marks `file` as held by the anvil `pid`; throws when another one was faster. */
export function hold(file: string, pid: number): void {
  try {
    writeFileSync(pidFile(file), `${pid} ${process.pid}`, { flag: 'wx' })
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

function findHolder(file: string): { parent: number; isLasting: boolean } | undefined {
  if (!existsSync(pidFile(file))) return undefined
  const [anvil = 0, parent = 0] = readFileSync(pidFile(file), 'utf8').split(' ').map(Number)
  if (!commandLineOf(anvil)?.includes(file)) return undefined
  return { parent, isLasting: commandLineOf(parent) !== undefined }
}

/**
 * The command line of a running process; undefined when there is none, or one that has ended and was not yet reaped.
 * Where /proc does not tell, every process counts as the one that is looked for.
 */
function commandLineOf(pid: number): { includes(argument: string): boolean } | undefined {
  try {
    process.kill(pid, 0)
    if (!existsSync('/proc/self/cmdline')) return { includes: () => true }
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return commandLine === '' ? undefined : commandLine.split('\0')
  } catch {
    return undefined
  }
}
