import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { type Devnet, startDevnet } from '@dreamscape/devnet/devnet'
import { connectPostgres, type Db } from '../../database/connect.ts'
import { startRpcProxy } from '../rpc-proxy.ts'
import type { TestDatabases } from '../test-databases.ts'
import { testSecret } from '../test-server.ts'
import { audit, checkBalance, type Violation } from './audit.ts'
import { createCalls, isFinal } from './calls.ts'
import { createInstance, createSpares, type Instance } from './instance.ts'
import { createKills } from './kills.ts'
import { createLives } from './life.ts'
import type { KillPoint } from './messages.ts'
import type { Protection } from './protections.ts'
import { createRandom } from './random.ts'
import { createWeather, pause } from './weather.ts'

export type ChaosOptions = {
  durationMs: number
  seed: number
  databases: TestDatabases
  without?: Protection | undefined
  /** Goes on for up to as long again while there are places where too few have died: machines differ in speed. */
  isThorough?: boolean
  /** How many users live at a time. */
  population?: number
  signal?: AbortSignal
  logFile?: string | undefined
  onProgress?: (line: string) => void
}

export type ChaosResult = Awaited<ReturnType<typeof runChaos>>

const analysisDeadlineSeconds = 5

/** Past the deadline of every request, its grace, and the lease of a signed request. */
const overdueMs = analysisDeadlineSeconds * 1_000 + 61_000
/** A bill must stand so long before it is booked. */
const steadyMs = 121_000

/**
 * Lets two servers on one database serve many users while processes die, the node loses calls and answers, blocks come
 * late and providers fail; then heals everything and audits every neuron.
 */
export async function runChaos(options: ChaosOptions) {
  const undo: (() => Promise<unknown>)[] = []
  try {
    return await run(options, (step) => void undo.push(step))
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

async function run(options: ChaosOptions, atEnd: (step: () => Promise<unknown>) => void) {
  const {
    durationMs,
    seed,
    databases,
    without,
    isThorough = false,
    population = 8,
    signal,
    logFile,
    onProgress = () => {},
  } = options
  const startedMs = Date.now()
  const random = createRandom(seed)
  const devnet: Devnet = await startDevnet({ accountCacheMs: 0 })
  atEnd(devnet.close)
  const rpc = await startRpcProxy(devnet.rpcUrl)
  atEnd(rpc[Symbol.asyncDispose])
  const place = await databases.create('postgres')
  atEnd(() => databases.remove(place))
  const database = connectPostgres(place.DATABASE_URL ?? '')
  atEnd(database.close)
  let offsetMs = 0
  const spares = createSpares(2)
  atEnd(spares.close)
  const kills = createKills({ favourite: without === 'journal' ? 'sent-before-journaled' : undefined })
  const newInstance = () =>
    createInstance({
      spares,
      onKilled: kills.note,
      orderOf: (port) => ({
        kind: 'start',
        offsetMs,
        without,
        logFile,
        settings: {
          PORT: String(port),
          COMPUTE_RPC_URL: rpc.url,
          CHAIN_ID: String(devnet.chainId),
          BROKER_SECRET: testSecret,
          ALLOW_LOOPBACK_PROVIDERS: 'true',
          ANALYSIS_DEADLINE_SECONDS: String(analysisDeadlineSeconds),
          DATABASE_URL: place.DATABASE_URL ?? '',
          DATA_DIR: '',
        },
      }),
    })
  const instances = [newInstance(), newInstance()] as const
  for (const instance of instances) atEnd(instance.close)
  const calls = createCalls({ instances, now: () => Date.now() + offsetMs })
  const weather = createWeather({ devnet, rpc, random: random.branch(-2), kills })
  const advance = (ms: number) => {
    offsetMs += ms
    for (const instance of instances) instance.setClock(offsetMs)
  }
  await Promise.all(instances.map((instance) => instance.untilUp()))

  /** Two rounds of reconciliation, far enough from each other and from every request that was begun before. */
  async function reckon(judges: readonly Instance[], death?: KillPoint): Promise<void> {
    advance(overdueMs)
    await Promise.all(judges.map((instance) => instance.reconcile()))
    for (const instance of death ? judges : []) instance.arm(death ? [death] : [])
    advance(steadyMs)
    await Promise.all(judges.map((instance) => instance.reconcile()))
  }

  let opened: Promise<void> = Promise.resolve()
  const lives = createLives({
    devnet,
    calls,
    instances,
    random: random.branch(-3),
    gate: () => opened,
    favourite: without === 'lock' ? 'fund twice at once' : undefined,
  })

  /** Now and then the users hold still, so that time can pass without breaking what they do. */
  async function reckonings(until: AbortSignal): Promise<void> {
    const own = random.branch(-6)
    while (!until.aborted) {
      await pause(15_000, until)
      if (until.aborted) return
      let open = () => {}
      opened = new Promise((resolve) => {
        open = resolve
      })
      for (let waited = 0; calls.inFlight() > 0 && waited < 7_000; waited += 100) await wait(100)
      const judge = own.pick(instances)
      await kills.spare(instances, () => reckon([judge], kills.chooseBilling(own)))
      open()
    }
  }

  /** The clocks of both go wrong by some seconds, forward. */
  async function clocks(until: AbortSignal): Promise<void> {
    const own = random.branch(-4)
    while (!until.aborted) {
      await pause(own.int(3_000, 8_000), until)
      advance(own.int(500, 15_000))
    }
  }

  async function progress(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await pause(5_000, until)
      const count = (map: ReadonlyMap<string, number>) => [...map.values()].reduce((sum, number) => sum + number, 0)
      const elapsed = Math.round((Date.now() - startedMs) / 1_000)
      onProgress(
        `${elapsed} s: ${lives.all().length} users, ${count(lives.operations())} operations, ${count(kills.counts())} deaths, ${calls.inFlight()} in flight; died too seldom at ${kills.missing().length} places`,
      )
    }
  }

  const ending = new AbortController()
  const until = ending.signal
  setMaxListeners(100, until)
  until.addEventListener('abort', () => calls.setHurried(true), { once: true })
  const begunMs = Date.now()
  const timer = setInterval(() => {
    const lastedMs = Date.now() - begunMs
    const isEnough = !isThorough || kills.missing().length === 0 || lastedMs >= 2 * durationMs
    if (lastedMs >= durationMs && isEnough) ending.abort()
  }, 250)
  atEnd(async () => clearInterval(timer))
  signal?.addEventListener('abort', () => ending.abort(), { once: true })
  const failed = (error: unknown) => {
    ending.abort()
    throw error
  }
  const parts = Promise.all(
    [
      lives.populate(population, until),
      weather.blow(until),
      reckonings(until),
      clocks(until),
      progress(until),
      ...instances.map((instance, index) => kills.haunt(instance, until, random.branch(-10 - index))),
    ].map((part) => part.catch(failed)),
  )
  // Who stops the run does not wait for answers; what is still under way ends with what it talks to.
  await (signal ? Promise.race([parts, rejectionOf(signal)]) : parts)

  onProgress('healing')
  calls.setHurried(false)
  await weather.heal()
  await Promise.all(instances.map((instance) => instance.restart()))
  const violations = await settleEverything()
  return {
    seed,
    seconds: Math.round((Date.now() - startedMs) / 1_000),
    users: lives.all().length,
    operations: Object.fromEntries(lives.operations()),
    answers: Object.fromEntries([...calls.statuses()].sort()),
    kills: Object.fromEntries(kills.counts()),
    neverKilledTwice: kills.missing(),
    faults: Object.fromEntries([...weather.counts()].sort()),
    violations,
  }

  async function settleEverything(): Promise<Violation[]> {
    const own = random.branch(-5)
    await untilNothingIsOpen(database.db)
    advance(overdueMs)
    const unanswered = calls.all().filter(({ answers }) => !answers.slice(-1).some(isFinal))
    onProgress(`asking again for ${unanswered.length} answers`)
    await inTurns(unanswered, 8, (call) => calls.pursue(call, own, 20))
    await untilNothingIsOpen(database.db)
    onProgress('reconciling')
    for (let round = 0; round < 2; round += 1) await reckon(instances)
    await devnet.settle()
    for (let round = 0; round < 2; round += 1) await reckon(instances)
    const answered = calls.all().filter(({ answers }) => answers.some(({ status }) => status === 200))
    onProgress(`asking again for ${answered.length} answers that were given`)
    await inTurns(answered, 16, (call) => calls.send(call, own.pick(instances)))
    onProgress('auditing')
    const found = await audit({ devnet, db: database.db, dreamers: lives.all(), calls: calls.all() })
    const balances = await inTurns(lives.all(), 8, async (dreamer) => {
      const answers = await Promise.all(instances.map((instance) => calls.balance(dreamer.account, instance)))
      return (await Promise.all(answers.map((answer) => checkBalance({ devnet, dreamer }, answer)))).flat()
    })
    return [...found, ...balances.flat()]
  }
}

/** The servers end by themselves what they have begun; a minute is far more than they need. */
async function untilNothingIsOpen(db: Db): Promise<void> {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    const open = await db
      .selectFrom('chain_transaction')
      .select('id')
      .where('state', 'in', ['prepared', 'broadcast', 'unknown'])
      .executeTakeFirst()
    if (!open) return
    await wait(500)
  }
}

async function inTurns<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) results.push(await work(item))
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
