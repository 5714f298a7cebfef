import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const pauseMs = 20

const program = fileURLToPath(new URL('../packages/server/dist/main.js', import.meta.url))

/** The built service in a process of its own. Throws when it does not come up. */
export async function startServerProcess(settings: Record<string, string>) {
  const port = await freePort()
  const env = { ...settings, PORT: String(port), LOG_LEVEL: 'warn' }
  const child = fork(program, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
  const url = `http://127.0.0.1:${port}`
  await untilUp(child, url)
  return {
    url,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function untilUp(child: ChildProcess, url: string): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(`${url}/api/health`).catch(() => undefined)
    if (answer?.ok) return
    await wait(pauseMs)
  }
  throw new Error('The service did not start: run npm run build first')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}
