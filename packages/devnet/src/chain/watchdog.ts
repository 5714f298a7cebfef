import { type ChildProcess, spawn } from 'node:child_process'

// Runs in a process of its own. Its stdin is a pipe held by this process: the pipe ends when this process does,
// whatever ended it, SIGKILL included.
const script = `
const [pid, graceMs] = process.argv.slice(1).map(Number)
const send = (signal) => { try { return process.kill(pid, signal) } catch { return false } }
process.stdin.on('end', () => {
  if (graceMs === 0) return send('SIGKILL')
  send('SIGTERM')
  setTimeout(() => { send('SIGKILL'); process.exit() }, graceMs)
  setInterval(() => { if (!send(0)) process.exit() }, 50)
}).resume()
`

/**
 * Ends `pid` as soon as this process is gone: at once, or after `graceMs` to save its work in. Stop the watchdog itself
 * with `kill` once `pid` has ended.
 */
export function startWatchdog(pid: number, graceMs: number): ChildProcess {
  const watchdog = spawn(process.execPath, ['-e', script, String(pid), String(graceMs)], {
    detached: true, // out of the terminal's process group, or Ctrl-C would end the watchdog before its job
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  })
  watchdog.unref()
  return watchdog
}
