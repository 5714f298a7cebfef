import { appendFileSync } from 'node:fs'
import { readSettings } from '../../config/env.ts'
import { systemClock } from '../../platform/clock.ts'
import { createLog } from '../../platform/log.ts'
import { type RunningServer, startServer } from '../../server.ts'
import type { Chore, FromChild, KillPoint, StartOrder, ToChild } from './messages.ts'
import { seamsWithout } from './protections.ts'

// A server in a process of its own that dies where its parent says, as by a power cut.

/** A start may meet a node that does not answer; an operator's supervisor would go on trying, too. */
const startAttempts = 20
const startPauseMs = 100

let offsetMs = 0
let armed = new Set<KillPoint>()
let server: RunningServer | undefined

const tell = (message: FromChild) => process.send?.(message)

async function pass(point: KillPoint): Promise<void> {
  if (!armed.has(point)) return
  tell({ kind: 'dying', point })
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => {})
}

async function start(order: StartOrder): Promise<void> {
  const { logFile } = order
  server = await startServer({
    settings: readSettings(order.settings),
    log: createLog({
      level: logFile ? 'debug' : 'silent',
      destination: { write: (line) => logFile && appendFileSync(logFile, line) },
    }),
    clock: { ...systemClock, now: () => Date.now() + offsetMs },
    seams: { ...seamsWithout(order.without, pass), checkpoint: pass },
    host: '127.0.0.1',
    checkResponses: true,
  })
  tell({ kind: 'listening', port: Number(new URL(server.url).port) })
}

async function startSomehow(order: StartOrder): Promise<void> {
  offsetMs = order.offsetMs
  for (let attempt = 1; attempt < startAttempts; attempt += 1) {
    try {
      return await start(order)
    } catch {
      await systemClock.wait(startPauseMs)
    }
  }
  await start(order)
}

async function work(chore: Chore): Promise<void> {
  const context = server?.context
  if (chore === 'reconcile') return context?.reconciliation.run()
  await context?.resumeTransactions()
  await context?.withdrawals.resume()
}

process.on('message', (message: ToChild) => {
  switch (message.kind) {
    case 'start':
      startSomehow(message).catch(() => process.exit(1))
      return
    case 'arm':
      armed = new Set(message.points)
      return
    case 'clock':
      offsetMs = message.offsetMs
      return
    case 'do': {
      const { chore } = message
      const finish = () => tell({ kind: 'did', chore })
      void work(chore).then(finish, finish)
    }
  }
})
process.on('disconnect', () => process.exit())
tell({ kind: 'loaded' })
