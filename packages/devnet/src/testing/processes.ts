import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Runs a script of this folder in a process of its own; `said` is its first line of output, which is JSON. */
export async function startChild<T>(
  script: `${string}.ts`,
  ...args: string[]
): Promise<{ child: ChildProcess; said: T }> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const command = ['--conditions=@dreamscape/source', '--import', 'tsx', path, ...args]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, said: JSON.parse(line) }
}

/** A process that has ended but was not yet reaped by its new parent counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = `/proc/${pid}/stat`
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'))
}
