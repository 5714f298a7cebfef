import { AppError } from '../../platform/errors.ts'
import type { Random } from '../chaos/random.ts'

/** What can go wrong with one effect of an instance. */
export const instanceFaults = ['crash-before', 'crash-after', 'lost', 'unknown', 'zombie'] as const

/** What can happen in the world meanwhile. */
export const worldFaults = ['evicted', 'reorganised', 'stalled', 'foreign-deposit', 'settled'] as const

export const faultNames = [...instanceFaults, ...worldFaults] as const

export type InstanceFault = (typeof instanceFaults)[number]
export type FaultName = (typeof faultNames)[number]

const ofReads = { 'crash-before': 3, 'crash-after': 3, lost: 4, zombie: 3 }
const ofWrites = { 'crash-before': 3, 'crash-after': 5, lost: 3, unknown: 8, zombie: 4 }

/** Where something is changed, more goes wrong: there it matters. */
const stakes = 4

/** So much more goes wrong at most in states that a life passes through quickly or seldom, so that all are met. */
const highestBoost = 60

export type Faults = ReturnType<typeof createFaults>

/**
 * Chooses what goes wrong, from the seed alone: how much at all differs from schedule to schedule. `unknown`: it happened,
 * and the answer was lost; `lost`: it never happened. `zombie`: the process stands still for half a minute.
 */
export function createFaults({ random, boost }: { random: Random; boost: () => number }) {
  const probability = random.weighted({ low: 1, usual: 4, high: 2 })
  const odds = { low: 0.004, usual: 0.013, high: 0.03 }[probability]
  let isOn = true
  return {
    /** What befalls the next effect, if anything. */
    choose({ changes }: { changes: boolean }): InstanceFault | undefined {
      if (!isOn) return undefined
      const usual = changes ? odds * stakes : odds
      const roll = random.next()
      // NOTE finding out how rare a state is takes longer than all the rest here.
      if (roll >= usual * highestBoost || roll >= usual * Math.min(boost(), highestBoost)) return undefined
      return random.weighted(changes ? ofWrites : ofReads)
    },
    isOn: () => isOn,
    /** From now on nothing goes wrong any more. */
    heal: (): void => {
      isOn = false
    },
  }
}

/** What a caller sees of a database or node that does not answer. */
export const storeFailure = () => new AppError('store-unavailable', 'The database does not answer: try again shortly')
export const chainFailure = () => new AppError('chain-unavailable', 'The chain did not answer: try again shortly')
