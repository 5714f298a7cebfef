import type { Address } from 'viem'
import type { Random } from '../chaos/random.ts'
import type { ModelChain } from './chain/model-chain.ts'
import type { Inflow } from './evidence.ts'
import type { FaultName, Faults } from './faults.ts'
import type { ModelProvider } from './provider.ts'
import type { Actor, Scheduler } from './scheduler.ts'

const og = 10n ** 18n
/** Blocks are made in rounds: soon when something waits, now and then when nothing does. */
const roundMs = { soon: 30, idle: 2_000 }
const usualBaseFee = 10n ** 9n

const stranger: Address = '0x3333333333333333333333333333333333333333'

/** How often, in ten thousand, such a thing happens between two rounds of blocks; more often in states that are rare. */
const odds = { evicted: 1_200, reorganised: 250, stalled: 60, 'foreign-deposit': 80, settled: 400 } as const

/** Everything outside the instances: miners, other people, and what befalls the chain. */
export function createWeather(deps: {
  scheduler: Scheduler
  random: Random
  chain: ModelChain
  provider: ModelProvider
  broker: Address
  user: Address
  faults: Faults
  confirmations: number
  boost: () => number
  note: (fault: FaultName) => void
  tell: (line: string) => void
}) {
  const { scheduler, random, chain, provider, broker, user, faults, confirmations, boost, note, tell } = deps
  const { world, mempool } = chain
  const actor: Actor = { name: 'world', isAlive: true, frozenUntilMs: 0 }
  const inflows: Inflow[] = []
  let stalledUntilMs = 0
  let nextRoundMs = 0

  function catchUp(): void {
    world.advance(scheduler.now() - world.now())
  }

  /** A round at `afterMs` at the latest. */
  function plan(afterMs: number): void {
    const atMs = scheduler.now() + afterMs
    if (atMs >= nextRoundMs && nextRoundMs > scheduler.now()) return
    nextRoundMs = atMs
    scheduler.plan(actor, { afterMs, fire: () => nextRoundMs === atMs && mine() })
  }

  function mine(): void {
    nextRoundMs = 0
    catchUp()
    if (scheduler.now() >= stalledUntilMs) {
      if (stalledUntilMs > 0) world.setBaseFee(usualBaseFee)
      const isPicky = faults.isOn() && random.chance(0.3)
      world.mine(isPicky ? { choose: (waiting) => waiting.filter(() => random.chance(0.5)) } : {})
      if (confirmations > 1) world.mineEmpty(faults.isOn() ? random.int(0, 4) : confirmations)
    }
    if (faults.isOn()) befall()
    const isBusy = mempool.size() > 0 && scheduler.now() >= stalledUntilMs
    plan(isBusy ? roundMs.soon : roundMs.idle)
  }

  function befall(): void {
    const rarity = boost()
    const happens = (fault: keyof typeof odds) => random.int(1, 10_000) <= odds[fault] * rarity
    if (mempool.size() > 0 && happens('evicted')) evict()
    if (confirmations > 1 && happens('reorganised')) reorganise()
    if (happens('stalled')) stall()
    if (happens('foreign-deposit')) giveAway()
    if (happens('settled')) settle()
  }

  function evict(): void {
    const waiting = mempool.list().filter(({ kind }) => kind === 'broker')
    const victim = waiting[random.int(0, Math.max(waiting.length - 1, 0))]
    if (!victim) return
    note('evicted')
    tell(`world  evicts ${victim.hash.slice(-4)}`)
    world.evict(victim.hash)
  }

  function reorganise(): void {
    const depth = random.int(1, 3)
    note('reorganised')
    tell(`world  takes back ${depth} blocks`)
    // What others sent is sent again by them; of ours some are lost on the way.
    world.reorganise({ depth, isLost: ({ kind }) => kind === 'broker' && random.chance(0.3) })
  }

  /** For a while no block is made, or none that takes the price of yesterday. */
  function stall(): void {
    note('stalled')
    stalledUntilMs = scheduler.now() + random.int(20_000, 80_000)
    world.setBaseFee(usualBaseFee * BigInt(random.int(1, 4)))
    tell('world  stalls')
  }

  function giveAway(): void {
    note('foreign-deposit')
    tell('world  a stranger deposits')
    // Into a ledger that is there anything may go, also what makes the rest of a refund too little to stay.
    const isThere = chain.books.holdingOf(broker).ledger !== undefined
    const amount = (isThere && random.chance(0.5) ? 0n : 3n * og) + BigInt(random.int(1, 999))
    inflows.push({ to: 'ledger', amount, atMs: scheduler.now() })
    world.give(stranger, amount)
    world.depositFor(stranger, broker, amount)
  }

  function settle(): void {
    note('settled')
    tell('world  the provider collects')
    provider.settle(broker)
  }

  return {
    actor,
    begin(): void {
      world.mineEmpty(confirmations)
      plan(roundMs.idle)
    },

    /** Something waits for a block. */
    hasten: (): void => plan(random.int(0, roundMs.soon)),

    payIn(amount: bigint): void {
      tell(`client  pays ${amount} to the broker address`)
      inflows.push({ to: 'wallet', amount, atMs: scheduler.now() })
      world.give(user, amount)
      world.pay(user, broker, amount)
      plan(roundMs.soon)
    },

    inflows: (): readonly Inflow[] => inflows,

    /** Blocks come as they should, and take everything. */
    heal(): void {
      stalledUntilMs = 0
      world.setBaseFee(usualBaseFee)
      world.setPayee(user, 'plain')
      plan(roundMs.soon)
    },
  }
}
