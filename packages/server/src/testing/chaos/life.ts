import { setTimeout as wait } from 'node:timers/promises'
import type { Devnet } from '@dreamscape/devnet/devnet'
import { parseOg } from '@dreamscape/protocol/money'
import type { Calls } from './calls.ts'
import { createDeeds, type Deed, weights } from './deeds.ts'
import { createDreamer, type Dreamer } from './dreamer.ts'
import type { Gate } from './gate.ts'
import type { Instance } from './instance.ts'
import type { Random } from './random.ts'

export type Lives = ReturnType<typeof createLives>

/** Users, each with a key and a life of its own; all they choose follows from the seed. */
export function createLives(options: {
  devnet: Devnet
  calls: Calls
  instances: readonly [Instance, Instance]
  random: Random
  gate: Gate
  /** Done far more often than the others. */
  favourite?: Deed | undefined
}) {
  const { devnet, random, gate, favourite } = options
  const odds = favourite ? { ...weights, [favourite]: 20 } : weights
  const dreamers: Dreamer[] = []
  const operations = new Map<string, number>()

  /** One life: some operations, one after the other. */
  async function live(index: number, signal: AbortSignal): Promise<void> {
    const own = random.branch(index)
    const dreamer = createDreamer({ index, own, chainId: devnet.chainId })
    dreamers.push(dreamer)
    await devnet.faucet(dreamer.address, parseOg('1000'))
    const { work, pay, deposit, init } = createDeeds({ ...options, dreamer, own, signal })

    async function perform(name: string, run: () => Promise<unknown>): Promise<void> {
      await gate.pass()
      if (signal.aborted) return
      operations.set(name, (operations.get(name) ?? 0) + 1)
      await run()
    }

    await perform('pay directly', () => pay('0.2'))
    await perform('init', init)
    await perform('fund', deposit)
    for (let left = own.int(5, 12); left > 0 && !signal.aborted; left -= 1) {
      const name = own.weighted(odds)
      await perform(name, work[name])
      await wait(own.int(0, 800))
    }
  }

  return {
    all: (): readonly Dreamer[] => dreamers,
    operations: (): ReadonlyMap<string, number> => operations,

    /** So many users at a time, a new one for each that ends, until `signal` aborts. */
    async populate(count: number, signal: AbortSignal): Promise<void> {
      let next = 0
      const lane = async () => {
        while (!signal.aborted) {
          next += 1
          await live(next, signal)
        }
      }
      await Promise.all(Array.from({ length: count }, lane))
    },
  }
}
