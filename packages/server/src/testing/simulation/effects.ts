import { chainFailure, type Faults, type InstanceFault, storeFailure } from './faults.ts'
import type { Actor, Pending, Scheduler } from './scheduler.ts'

/** How long a process stands still that the machine has suspended. */
const zombieMs = 30_000

/** One thing that an instance asks of the outside. */
export type Effect<T> = {
  name: string
  run: () => T
  /** Reads can be lost, but what they did cannot be unknown. */
  changes: boolean
  guard?: (() => boolean) | undefined
  /** What the caller sees when the answer does not come. */
  fail: (caller: Caller<T>) => void
}

type Caller<T> = { resolve: (value: T) => void; reject: (error: unknown) => void }

export const failsLikeStore = ({ reject }: Caller<never>): void => reject(storeFailure())
export const failsLikeChain = ({ reject }: Caller<never>): void => reject(chainFailure())

type Surroundings = {
  scheduler: Scheduler
  faults: Faults
  kill: (actor: Actor) => void
  onFault: (fault: InstanceFault) => void
  onEffect: (actor: Actor, name: string, fault: InstanceFault | undefined) => void
}

/** An effect that waits for its turn. One object each: there are hundreds in a schedule. */
class PendingEffect<T> implements Pending, Caller<T> {
  readonly isEffect = true
  readonly actor: Actor
  readonly atMs: number
  readonly guard: (() => boolean) | undefined
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
  readonly #effect: Effect<T>
  readonly #around: Surroundings
  #wasFrozen = false

  constructor(actor: Actor, effect: Effect<T>, { around, resolve, reject }: Caller<T> & { around: Surroundings }) {
    this.actor = actor
    this.atMs = around.scheduler.now()
    this.guard = effect.guard
    this.resolve = resolve
    this.reject = reject
    this.#effect = effect
    this.#around = around
  }

  fire(): void {
    const { scheduler, faults, onFault, onEffect, kill } = this.#around
    const fault = this.#wasFrozen ? undefined : faults.choose(this.#effect)
    if (fault) onFault(fault)
    onEffect(this.actor, this.#effect.name, fault)
    switch (fault) {
      case 'crash-before':
        kill(this.actor)
        break
      case 'lost':
        this.#effect.fail(this)
        break
      case 'zombie':
        this.#wasFrozen = true
        this.actor.frozenUntilMs = scheduler.now() + zombieMs
        scheduler.enqueue(this)
        break
      default:
        this.#happen(fault)
    }
  }

  #happen(fault: 'crash-after' | 'unknown' | undefined): void {
    let value: T
    try {
      value = this.#effect.run()
    } catch (error) {
      if (fault === 'crash-after') this.#around.kill(this.actor)
      else this.reject(error)
      return
    }
    if (fault === 'crash-after') this.#around.kill(this.actor)
    else if (fault === 'unknown') this.#effect.fail(this)
    else this.resolve(value)
  }
}

export type Effects = ReturnType<typeof createEffects>

/** Lets every effect of an instance wait for its turn, and go wrong as the seed says. */
export function createEffects(around: Surroundings) {
  const { scheduler } = around
  return <T>(actor: Actor, effect: Effect<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      scheduler.enqueue(new PendingEffect(actor, effect, { around, resolve, reject }))
    })
}
