import { checkpointNames } from '../../platform/checkpoint.ts'
import type { Instance } from './instance.ts'
import type { KillPoint } from './messages.ts'
import type { Random } from './random.ts'
import { pause } from './weather.ts'

/** Every place is to be hit so often. */
export const killsWanted = 2

/** A server lives this long before it is told to die again, and waits this long for one place before it is told another. */
const lifeMs = { shortest: 100, longest: 900 }
const patienceMs = 1_500

/** So many places at a time: who may die at all of them dies at the first ones and never comes to the last. */
const placesAtOnce = 3

/** Passed only where a bill is booked. */
const billing = ['bill-read', 'bill-booked'] as const satisfies readonly KillPoint[]

export type Kills = ReturnType<typeof createKills>

/** Who dies where: mostly at the places with too few deaths. */
export function createKills({ favourite }: { favourite: KillPoint | undefined }) {
  const points: KillPoint[] = favourite ? [favourite, ...checkpointNames] : [...checkpointNames]
  const counts = new Map<KillPoint, number>(points.map((point) => [point, 0]))
  const countOf = (point: KillPoint) => counts.get(point) ?? 0
  const isRare = (point: KillPoint) => countOf(point) < killsWanted
  let isSparing = false

  function choose(random: Random): KillPoint[] {
    if (favourite && random.chance(0.7)) return [favourite]
    const passed = points.filter((point) => !billing.some((name) => name === point))
    const rare = passed.filter(isRare)
    // Who waits for the rarest places alone hardly ever dies.
    const choices = rare.length > 0 && random.chance(0.5) ? rare : passed
    return Array.from({ length: placesAtOnce }, () => choices[random.int(0, choices.length - 1)] ?? 'request-ran')
  }

  /** Lets one server die again and again until `signal` aborts. */
  async function haunt(instance: Instance, signal: AbortSignal, random: Random): Promise<void> {
    while (!signal.aborted) {
      await pause(random.int(lifeMs.shortest, lifeMs.longest), signal)
      const upSince = instance.upSince()
      if (upSince === undefined || isSparing) continue
      instance.arm(choose(random))
      for (let waited = 0; waited < patienceMs && instance.upSince() === upSince && !signal.aborted; waited += 50) {
        await pause(50, signal)
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
    total: (): number => [...counts.values()].reduce((sum, count) => sum + count, 0),
    note: (point: KillPoint) => void counts.set(point, countOf(point) + 1),
    /** Whether nobody, or hardly anybody, has died there yet. */
    isRare,
    /** Places that have not been hit as often as wanted. */
    missing: () => points.filter(isRare),
    /** Where to die in the next reconciliation, if anywhere. */
    chooseBilling: (random: Random): KillPoint | undefined =>
      billing.find((point) => countOf(point) < killsWanted) ?? random.pick([undefined, ...billing]),
    haunt,
    spare,
  }
}
