import { appendFileSync } from 'node:fs'
import { readSettings } from '../../config/env.ts'
import { systemClock } from '../../platform/clock.ts'
import { createLog } from '../../platform/log.ts'
import { type RunningServer, startServer } from '../../server.ts'
import type { FromChild, KillPoint, StartOrder, ToChild } from './messages.ts'
import { seamsWithout } from './protections.ts'

// A server in a process of its own that dies where its parent says, as by a power cut.

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
  offsetMs = order.offsetMs
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

process.on('message', (message: ToChild) => {
  switch (message.kind) {
    case 'start':
      // The parent tries again: a start may meet a node that does not answer.
      start(message).catch(() => process.exit(1))
      return
    case 'arm':
      armed = new Set(message.points)
      return
    case 'clock':
      offsetMs = message.offsetMs
      return
    case 'reconcile':
      void server?.context.reconciliation.run().then(
        () => tell({ kind: 'reconciled' }),
        () => tell({ kind: 'reconciled' }),
      )
  }
})
process.on('disconnect', () => process.exit())
tell({ kind: 'loaded' })
