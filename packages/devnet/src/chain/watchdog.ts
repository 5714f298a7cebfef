import { type ChildProcess, spawn } from 'node:child_process'

// Runs in a process of its own. Its stdin is a pipe held by this process: the pipe ends when this process does,
// whatever ended it, SIGKILL included.
const script = `
const pid = Number(process.argv[1])
process.stdin.on('end', () => { try { process.kill(pid, 'SIGKILL') } catch {} }).resume()
`

/** Kills `pid` as soon as this process is gone. Stop the watchdog itself with `kill` once `pid` has ended. */
export function startWatchdog(pid: number): ChildProcess {
  const watchdog = spawn(process.execPath, ['-e', script, String(pid)], {
    detached: true, // out of the terminal's process group, or Ctrl-C would end the watchdog before its job
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  })
  watchdog.unref()
  return watchdog
}
