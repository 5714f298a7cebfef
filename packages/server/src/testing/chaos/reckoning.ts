import { setTimeout as wait } from 'node:timers/promises'
import type { Calls } from './calls.ts'
import type { Gate } from './gate.ts'
import type { Instance } from './instance.ts'
import type { Kills } from './kills.ts'
import type { KillPoint } from './messages.ts'
import type { Random } from './random.ts'
import type { Time } from './time.ts'
import { pause } from './weather.ts'

export const analysisDeadlineSeconds = 5

/** Past the deadline of every request, its grace, and the lease of a signed request. */
const overdueMs = analysisDeadlineSeconds * 1_000 + 61_000
/** A bill must stand so long before it is booked. */
const steadyMs = 121_000

/** Between the moments at which time is let pass, and how long it waits then for requests under way. */
const intervalMs = 12_000
const patienceMs = 5_000

export type Reckoning = ReturnType<typeof createReckoning>

/** Lets time pass that nobody could wait for: for bills to be booked, for locked funds to come free. */
export function createReckoning(options: {
  instances: readonly [Instance, Instance]
  calls: Calls
  gate: Gate
  kills: Kills
  time: Time
  random: Random
}) {
  const { instances, calls, gate, kills, time, random } = options

  /** Two rounds of reconciliation, far enough from each other and from every request that was begun before. */
  async function reckon(judges: readonly Instance[], death?: KillPoint): Promise<void> {
    time.advance(overdueMs)
    await Promise.all(judges.map((judge) => judge.work('reconcile')))
    for (const judge of death ? judges : []) judge.arm(death ? [death] : [])
    time.advance(steadyMs)
    await Promise.all(judges.map((judge) => judge.work('reconcile')))
  }

  return {
    overdueMs,
    reckon,

    /** Now and then the users hold still, so that time can pass without breaking what they do. */
    async recur(until: AbortSignal): Promise<void> {
      while (!until.aborted) {
        await pause(intervalMs, until)
        if (until.aborted) return
        gate.close()
        for (let waitedMs = 0; calls.inFlight() > 0 && waitedMs < patienceMs; waitedMs += 50) await wait(50)
        await kills.spare(instances, () => reckon([random.pick(instances)], kills.chooseBilling(random)))
        await time.passLockTime()
        gate.open()
        // What has waited goes on where somebody may die again.
        for (const instance of instances) void instance.work('resume')
      }
    },
  }
}
