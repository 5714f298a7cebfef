import type { Address } from 'viem'
import { createRandom } from '../chaos/random.ts'
import { audit } from './audit.ts'
import { createModelChain } from './chain/model-chain.ts'
import { createClients, isAnswered, type Running } from './clients.ts'
import type { Coverage } from './coverage.ts'
import { createEffects } from './effects.ts'
import type { Violation } from './evidence.ts'
import { createFaults, type FaultName } from './faults.ts'
import { groundOf, type Shared } from './ground.ts'
import { type Ground, startServices } from './instance.ts'
import { createMemoryDatabase } from './memory/database.ts'
import { type MutantName, mutantOf } from './mutants.ts'
import { play, type Surroundings } from './plot.ts'
import { createModelProvider } from './provider.ts'
import { type Actor, createScheduler } from './scheduler.ts'
import { rarityOf, stateOf } from './state.ts'
import { createWeather } from './weather.ts'

const og = 10n ** 18n
const lockTimeMs = 3_600_000
const startMs = Date.UTC(2026, 0, 1)
const user: Address = '0x1111111111111111111111111111111111111111'
const providerAddress: Address = '0x2222222222222222222222222222222222222222'
const terms = {
  minimumDeposit: 3n * og,
  minimumTransfer: og,
  lockTimeSeconds: lockTimeMs / 1_000,
  serviceName: 'inference-v1.0',
}

/** More effects than any schedule needs: who comes here goes round in circles. */
const longest = 20_000

export type Result = { seed: number; violations: Violation[]; faults: ReadonlySet<FaultName>; steps: number }

export type Simulation = ReturnType<typeof createSimulation>

/**
 * One schedule: a life of one user, served by two instances that die, stand still and lose answers, on a chain that evicts,
 * stalls and reorganises; then everything heals, and what is left is audited. All of it follows from the seed.
 */
export function createSimulation(options: {
  seed: number
  coverage: Coverage
  mutant?: MutantName | undefined
  trace?: ((line: string) => void) | undefined
}) {
  const { seed, coverage, mutant, trace } = options
  const random = createRandom(seed)
  const { hasUniqueDigests = true, mutate } = mutantOf(mutant)
  const mutation = mutate?.()
  const scheduler = createScheduler({ random: random.branch(1), startMs })
  const own = random.branch(3)
  // Where blocks can be taken back, a transaction is final four blocks deep; elsewhere at once.
  const confirmations = own.chance(0.5) ? 4 : 1
  const chain = createModelChain({
    ...{
      minimumDeposit: terms.minimumDeposit,
      minimumTransfer: terms.minimumTransfer,
      lockTimeMs,
      confirmations,
      startMs,
    },
  })
  const database = createMemoryDatabase({ uniqueDigests: hasUniqueDigests })
  const broker = chain.signer.brokerAddress(user)
  const currentState = () => stateOf(database.view.tables(), chain)
  const faults = createFaults({ random: random.branch(2), boost: () => rarityOf(currentState()) })
  const provider = createModelProvider({ address: providerAddress, chain, random: random.branch(4) })
  const transaction: Shared['transaction'] = { open: undefined }
  const met = new Set<FaultName>()
  const violations: Violation[] = []
  const running: (Running & { die: () => void })[] = []
  let hasRefused = false
  let steps = 0
  let births = 0

  const note = (fault: FaultName): void => {
    met.add(fault)
    coverage.note(currentState(), fault)
  }
  const tell = (line: string): void =>
    trace?.(`${((scheduler.now() - startMs) / 1_000).toFixed(3).padStart(10)}  ${line}`)

  const effects = createEffects({
    scheduler,
    faults,
    kill,
    onFault: note,
    onEffect: (actor, name, fault) => trace && tell(`${actor.name}  ${name}${fault ? `  ${fault.toUpperCase()}` : ''}`),
  })
  const weather = createWeather({
    ...{ scheduler, chain, provider, broker, user, faults, note, tell, confirmations },
    boost: () => rarityOf(currentState()),
    random: random.branch(5),
  })
  const shared: Shared = { scheduler, effects, database, chain, transaction, hasten: weather.hasten }

  function boot(): void {
    births += 1
    const actor: Actor = { name: `instance-${births}`, isAlive: true, frozenUntilMs: 0 }
    const natural: Ground = {
      ...groundOf(actor, shared),
      unsettledOf: (_user, providers) =>
        effects(actor, {
          name: 'unsettledfee',
          run: () => new Map(providers.map((address) => [address, provider.owedBy(broker)])),
          changes: false,
          // A provider that does not answer is left out.
          fail: ({ resolve }) => resolve(new Map()),
        }),
      chat: (body) =>
        effects(actor, {
          name: 'chat',
          run: () => provider.chat({ broker, body }),
          changes: true,
          fail: ({ resolve }) => resolve({ state: 'unknown', reason: 'connection-lost' }),
        }),
      terms,
      chainId: 31_337,
      onBug: expect,
    }
    const services = startServices(mutation?.(natural) ?? natural)
    let die = () => {}
    const died = new Promise<void>((resolve) => {
      die = resolve
    })
    running.push({ actor, services, died, die })
    tell(`${actor.name}  starts`)
    const tick = (): void => {
      // In the end the judge does them, one by one.
      if (faults.isOn()) void chores(services).finally(() => scheduler.plan(actor, { afterMs: 10_000, fire: tick }))
    }
    tick()
  }

  /** What an instance does by itself every ten seconds. */
  async function chores(services: Running['services']): Promise<void> {
    await services.resumeTransactions().catch(expect)
    await services.resumeWithdrawals().catch(expect)
    if (own.chance(0.3)) await services.reconcile().catch(expect)
  }

  function kill(actor: Actor): void {
    if (!actor.isAlive) return
    actor.isAlive = false
    if (transaction.open?.owner === actor) {
      transaction.open.fork.rollback()
      transaction.open = undefined
    }
    scheduler.forget(actor)
    const index = running.findIndex((instance) => instance.actor === actor)
    for (const { die } of running.splice(index, 1)) die()
    tell(`${actor.name}  dies`)
    scheduler.plan(weather.actor, { afterMs: own.int(0, 3_000), fire: boot })
  }

  /** Failures have a code; everything else is a bug. */
  function expect(error: unknown): void {
    if (error instanceof Error && error.name === 'AppError') return
    violations.push({ check: 'bug', detail: error instanceof Error ? `${error.stack}` : String(error) })
  }

  const clients = createClients({
    ...{ scheduler, user, onBug: expect },
    random: random.branch(6),
    planOf: provider.planFor,
    running: () => running,
    onAnswer: ({ kind, index }, answer) =>
      trace && tell(`client  ${kind} ${index}: ${answer.state}${'code' in answer ? ` ${answer.code}` : ''}`),
  })
  const surroundings: Surroundings = {
    payIn: weather.payIn,
    passLockTime: () => scheduler.warp(lockTimeMs + 1_000),
    isWaitingForLock: () => database.view.tables().withdrawal.some(({ waits_for }) => waits_for === 'lock-time'),
    setRefusing(isRefusing) {
      hasRefused ||= isRefusing
      chain.world.setPayee(user, isRefusing ? 'refusing' : 'plain')
    },
  }

  const openRows = () => {
    const { chain_transaction, withdrawal, reservation } = database.view.tables()
    return [
      ...chain_transaction.filter(({ state }) => state !== 'confirmed' && state !== 'failed'),
      ...withdrawal.filter(({ state }) => state === 'open' || state === 'cancelling'),
      ...reservation.filter(({ state }) => state === 'held' || state === 'unknown'),
    ]
  }

  /** Nothing goes wrong any more: whatever is open must come to its end by itself. */
  async function heal(): Promise<void> {
    faults.heal()
    weather.heal()
    if (own.chance(0.5)) provider.settle(broker)
    await comeToRest()
    if (openRows().length > 0) return
    // Now those who never heard ask again, and are told.
    for (let round = 0; round < 20; round += 1) {
      const unanswered = clients.orders().filter((order) => !isAnswered(order))
      if (unanswered.length === 0) return
      for (const order of unanswered) await clients.pursue(order, 1)
      await comeToRest()
    }
  }

  /** Whatever is open is brought to its end by what instances do by themselves. */
  async function comeToRest(): Promise<void> {
    let calm = 0
    for (let round = 0; round < 40; round += 1) {
      await clients.pause(200)
      while (running.length === 0) await clients.pause(500)
      const { services } = running[round % running.length] ?? {}
      await services?.resumeTransactions().catch(expect)
      await services?.resumeWithdrawals().catch(expect)
      await running[0]?.services.reconcile().catch(expect)
      calm = !scheduler.hasEffects() && openRows().length === 0 ? calm + 1 : 0
      // A bill is booked when it has been seen twice.
      if (calm > (database.view.tables().sub_account.length > 0 ? 2 : 0)) return
      if (database.view.tables().withdrawal.some(({ waits_for }) => waits_for === 'gas')) weather.payIn(og)
      scheduler.warp(surroundings.isWaitingForLock() ? lockTimeMs : 125_000)
    }
  }

  let isOver = false
  async function live(): Promise<void> {
    boot()
    boot()
    weather.begin()
    await play({ clients, random: random.branch(7), surroundings })
    await heal()
  }
  const life = live()
    .catch((error: unknown) => void violations.push({ check: 'bug', detail: String(error) }))
    .then(() => {
      isOver = true
    })

  return {
    life,

    /** Lets one thing happen. False when the schedule is over. */
    step(): boolean {
      if (isOver) return false
      steps += 1
      if (steps < longest && scheduler.step()) return true
      violations.push({ check: 'stuck', detail: steps < longest ? 'nobody can go on' : 'it goes on for ever' })
      isOver = true
      return false
    },

    /** What is wrong after it is over. */
    result: (): Result => ({
      seed,
      steps,
      faults: met,
      violations: [
        ...violations,
        ...audit({
          inflows: weather.inflows(),
          hasRefused,
          tables: database.view.tables(),
          chain,
          provider,
          providerAddress,
          broker,
          user,
          orders: clients.orders(),
        }),
        ...openRows().map(
          (row): Violation => ({ check: 'stuck', detail: `${'kind' in row ? row.kind : ''} ${row.state}` }),
        ),
      ],
    }),
  }
}
