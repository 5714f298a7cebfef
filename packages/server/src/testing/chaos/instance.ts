import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FromChild, KillPoint, StartOrder, ToChild } from './messages.ts'

const script = fileURLToPath(new URL('child.ts', import.meta.url))
const execArgv = ['--conditions=@dreamscape/source', '--import', 'tsx']

export type Instance = ReturnType<typeof createInstance>
export type Spares = ReturnType<typeof createSpares>

/** Processes that have imported everything and wait: what takes seconds is done before a death, not after it. */
export function createSpares(count: number) {
  const waiting: Promise<ChildProcess>[] = []
  const alive = new Set<ChildProcess>()
  let isClosed = false

  async function load(): Promise<ChildProcess> {
    const child = fork(script, { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    alive.add(child)
    child.once('exit', () => alive.delete(child))
    child.on('error', () => {})
    await once(child, 'message')
    return child
  }

  const add = () => {
    const child = load()
    child.catch(() => {})
    waiting.push(child)
  }
  for (let index = 0; index < count; index += 1) add()

  return {
    async take(): Promise<ChildProcess> {
      if (isClosed) throw new Error('No process is started any more')
      add()
      return waiting.shift() ?? load()
    },
    isClosed: () => isClosed,
    async close(): Promise<void> {
      isClosed = true
      await Promise.all([...alive].map(end))
    },
  }
}

/** One of the servers: a process that is started again, on the same port, whenever it has died. */
export function createInstance(options: {
  spares: Spares
  orderOf: (port: number) => StartOrder
  onKilled: (point: KillPoint) => void
}) {
  const { spares, orderOf, onKilled } = options
  let port = 0
  let current: { child: ChildProcess; upSince: number } | undefined
  let isClosed = false
  let onUp: (() => void)[] = []

  const send = (message: ToChild) => {
    if (current?.child.connected) current.child.send(message, () => {})
  }

  /** One life, from the start to the death. */
  async function live(): Promise<void> {
    const child = await spares.take()
    const died = once(child, 'exit')
    child.on('message', (message: FromChild) => {
      if (message.kind === 'dying') onKilled(message.point)
      if (message.kind !== 'listening') return
      port = message.port
      current = { child, upSince: Date.now() }
      for (const resolve of onUp.splice(0)) resolve()
    })
    child.send(orderOf(port), () => {})
    await died
    if (current?.child === child) current = undefined
  }

  async function keepAlive(): Promise<void> {
    while (!isClosed && !spares.isClosed()) await live().catch(() => {})
  }
  const ended = keepAlive()

  const untilUp = (): Promise<void> =>
    current ? Promise.resolve() : new Promise<void>((resolve) => void onUp.push(resolve))

  return {
    url: () => `http://127.0.0.1:${port}`,
    upSince: () => current?.upSince,
    untilUp,
    arm: (points: KillPoint[]) => send({ kind: 'arm', points }),
    setClock: (offsetMs: number) => send({ kind: 'clock', offsetMs }),

    /** Resolves after one round of reconciliation, or when the process dies in it. */
    async reconcile(): Promise<void> {
      await untilUp()
      const child = current?.child
      if (!child) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 10_000)
        const finish = () => {
          clearTimeout(timer)
          child.off('message', listen)
          child.off('exit', finish)
          resolve()
        }
        const listen = (message: FromChild) => message.kind === 'reconciled' && finish()
        child.on('message', listen)
        child.once('exit', finish)
        send({ kind: 'reconcile' })
      })
    },

    /** Ends the process now and waits for the next one. */
    async restart(): Promise<void> {
      const child = current?.child
      current = undefined
      if (child) await end(child)
      await untilUp()
    },

    async close(): Promise<void> {
      isClosed = true
      onUp = []
      if (current) await end(current.child)
      await spares.close()
      await ended
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
