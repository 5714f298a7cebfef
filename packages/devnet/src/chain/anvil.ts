import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { getAnvilBinary } from './anvil-binary.ts'
import { chainId, testMnemonic } from './constants.ts'
import { hold, release, savingMs } from './state-file.ts'
import { startWatchdog } from './watchdog.ts'

export type Anvil = {
  rpcUrl: string
  /** anvil and its watchdog. */
  pids: number[]
  close(): Promise<void>
}

type AnvilOptions = {
  port?: number
  binary?: string
  /** Where the chain is kept, written every few seconds and at the end; without it nothing is kept. */
  stateFile?: string | undefined
}

const stateIntervalSeconds = 5

/**
 * Starts anvil on 127.0.0.1; port 0 takes a free one. It ends with `close()` or with this process, however that ends.
 * Throws when the port is taken or no anvil is installed.
 */
export async function startAnvil({
  port = 0,
  binary = getAnvilBinary(),
  stateFile,
}: AnvilOptions = {}): Promise<Anvil> {
  const args = [
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--chain-id',
    String(chainId),
    '--mnemonic',
    testMnemonic,
  ]
  if (stateFile) args.push('--state', stateFile, '--state-interval', String(stateIntervalSeconds))
  // NOTE: detached, so that Ctrl-C in a terminal reaches only us and we close in order.
  const anvil = spawn(binary, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  anvil.on('error', () => {}) // reported by `listening` below
  const pid = anvil.pid
  if (pid === undefined) throw await spawnError(anvil, binary)
  const watchdog = startWatchdog(pid, stateFile ? savingMs : 0)
  let isHolder = false

  async function close() {
    if (isHolder) await terminate(anvil)
    await kill(anvil) // it keeps nothing else worth saving
    await kill(watchdog)
    if (stateFile && isHolder) release(stateFile)
  }

  try {
    if (stateFile) hold(stateFile, pid)
    isHolder = stateFile !== undefined
    const rpcUrl = await listening(anvil, port)
    return { rpcUrl, pids: [anvil.pid, watchdog.pid].filter((pid) => pid !== undefined), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function spawnError(anvil: ChildProcess, binary: string): Promise<Error> {
  const [cause] = await once(anvil, 'error')
  return new Error(`anvil at ${binary} cannot be started; set ANVIL_BIN to one that can`, { cause })
}

/** Resolves with the RPC address that anvil prints once it answers. */
function listening(anvil: ChildProcess, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let complaints = ''
    anvil.stderr?.on('data', (chunk) => {
      complaints = (complaints + String(chunk)).slice(-2_000)
    })
    anvil.once('close', (code) => reject(startError(complaints.trim() || `exit code ${code}`, port)))
    if (!anvil.stdout) return
    createInterface({ input: anvil.stdout }).on('line', (line) => {
      const address = /^Listening on (\S+)/.exec(line)?.[1]
      if (address) resolve(`http://${address}`) // later lines are read and dropped, or the pipe would fill up
    })
  })
}

function startError(complaint: string, port: number): Error {
  if (/address already in use/i.test(complaint)) return new Error(`Port ${port} is already in use`)
  return new Error(`anvil did not start: ${complaint}`)
}

async function kill(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  child.ref() // the watchdog does not keep us alive, its end may
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** Asks it to end and gives it time to save its work. */
async function terminate(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const exited = once(child, 'exit', { signal: AbortSignal.timeout(savingMs) })
  child.kill('SIGTERM')
  await exited.catch(() => {}) // too slow: it is killed next
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
