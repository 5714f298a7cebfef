import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Chore, FromChild, KillPoint, StartOrder, ToChild } from './messages.ts'

/** Nobody waits longer for a chore. */
const choreMs = 10_000

export type Instance = ReturnType<typeof createInstance>
export type Spares = ReturnType<typeof createSpares>

/** Processes that have loaded `script` and wait: what takes long is done before a death, not after it. */
export function createSpares({ script, count }: { script: string; count: number }) {
  const waiting: Promise<ChildProcess>[] = []
  const alive = new Set<ChildProcess>()
  let isClosed = false

  async function load(): Promise<ChildProcess> {
    const child = fork(script, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    alive.add(child)
    child.once('exit', () => alive.delete(child))
    child.on('error', () => {})
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${script} ended before it was loaded`)
    })
    ended.catch(() => {})
    await Promise.race([once(child, 'message'), ended])
    return child
  }

  const add = () => {
    const child = load()
    child.catch(() => {})
    waiting.push(child)
  }
  for (let index = 0; index < count; index += 1) add()

  return {
    /** Throws when the script does not even load. */
    untilLoaded: async (): Promise<void> => void (await waiting[0]),

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
  let clockMs: number | undefined
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
      // It may have been moved since the start was ordered.
      if (clockMs !== undefined) send({ kind: 'clock', offsetMs: clockMs })
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
    setClock: (offsetMs: number): void => {
      clockMs = offsetMs
      send({ kind: 'clock', offsetMs })
    },

    /** Resolves when the chore is done, or when the process dies in it. */
    async work(chore: Chore): Promise<void> {
      await untilUp()
      const child = current?.child
      if (!child) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, choreMs)
        const finish = () => {
          clearTimeout(timer)
          child.off('message', listen)
          child.off('exit', finish)
          resolve()
        }
        const listen = (message: FromChild) => message.kind === 'did' && message.chore === chore && finish()
        child.on('message', listen)
        child.once('exit', finish)
        send({ kind: 'do', chore })
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
