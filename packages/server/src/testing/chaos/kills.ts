import { checkpointNames } from '../../platform/checkpoint.ts'
import type { Instance } from './instance.ts'
import type { KillPoint } from './messages.ts'
import type { Random } from './random.ts'
import { pause } from './weather.ts'

/** Every place is to be hit so often. */
export const killsWanted = 2

/** A server lives this long before it is told to die again, and waits this long for one place before it is told another. */
const lifeMs = 1_000
const patienceMs = 3_000

/** Passed only where a bill is booked. */
const billing = ['bill-read', 'bill-booked'] as const satisfies readonly KillPoint[]

export type Kills = ReturnType<typeof createKills>

/** Who dies where: the places with the fewest deaths first. */
export function createKills({ favourite }: { favourite: KillPoint | undefined }) {
  const points: KillPoint[] = favourite ? [favourite, ...checkpointNames] : [...checkpointNames]
  const counts = new Map<KillPoint, number>(points.map((point) => [point, 0]))
  const countOf = (point: KillPoint) => counts.get(point) ?? 0
  let isSparing = false

  /** A few places at a time: who may die at all of them dies at the first ones and never comes to the last. */
  function choose(random: Random): KillPoint[] {
    if (favourite && random.chance(0.7)) return [favourite]
    const open = points.filter((point) => !billing.some((name) => name === point))
    const least = Math.min(...open.map(countOf))
    const rarest = open.filter((point) => countOf(point) === least)
    return Array.from({ length: 3 }, () => rarest[random.int(0, rarest.length - 1)] ?? 'request-ran')
  }

  /** Lets one server die again and again until `signal` aborts. */
  async function haunt(instance: Instance, signal: AbortSignal, random: Random): Promise<void> {
    while (!signal.aborted) {
      await pause(lifeMs + random.int(0, 1_500), signal)
      const upSince = instance.upSince()
      if (upSince === undefined || isSparing) continue
      instance.arm(choose(random))
      for (let waited = 0; waited < patienceMs && instance.upSince() === upSince && !signal.aborted; waited += 100) {
        await pause(100, signal)
      }
    }
  }

  /** Runs `work`, in which nobody dies but where it arms somebody itself. */
  async function spare(instances: readonly Instance[], work: () => Promise<void>): Promise<void> {
    isSparing = true
    for (const instance of instances) instance.arm([])
    await work()
    for (const instance of instances) instance.arm([])
    isSparing = false
  }

  return {
    counts: (): ReadonlyMap<KillPoint, number> => counts,
    note: (point: KillPoint) => void counts.set(point, countOf(point) + 1),
    /** Whether nobody, or hardly anybody, has died there yet. */
    isRare: (point: KillPoint) => countOf(point) < killsWanted,
    /** Places that have not been hit as often as wanted. */
    missing: () => points.filter((point) => countOf(point) < killsWanted),
    /** Where to die in the next reconciliation, if anywhere. */
    chooseBilling: (random: Random): KillPoint | undefined =>
      billing.find((point) => countOf(point) < killsWanted) ?? random.pick([undefined, ...billing]),
    haunt,
    spare,
  }
}
