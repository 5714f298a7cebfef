import { setMaxListeners } from 'node:events'
import { type Devnet, startDevnet } from '@dreamscape/devnet/devnet'
import { connectPostgres, type Db } from '../../database/connect.ts'
import { startRpcProxy } from '../rpc-proxy.ts'
import type { TestDatabases } from '../test-databases.ts'
import { testSecret } from '../test-server.ts'
import { createCalls } from './calls.ts'
import { buildChildProgram } from './child-program.ts'
import { createGate } from './gate.ts'
import { createInstance, createSpares } from './instance.ts'
import { judge } from './judgement.ts'
import { createKills } from './kills.ts'
import { createLives } from './life.ts'
import { favouritesOf, type Protection } from './protections.ts'
import { createRandom } from './random.ts'
import { analysisDeadlineSeconds, createReckoning } from './reckoning.ts'
import { createTime, lockTimeSeconds } from './time.ts'
import { createWeather, pause } from './weather.ts'

export type ChaosOptions = {
  durationMs: number
  seed: number
  databases: TestDatabases
  without?: Protection | undefined
  /** Goes on for up to as long again while there are places where too few have died: machines differ in speed. */
  isThorough?: boolean
  /** Goes on until so many have died, for up to four times as long: machines differ in speed. */
  leastDeaths?: number
  /** How many users live at a time. */
  population?: number
  signal?: AbortSignal
  logFile?: string | undefined
  onProgress?: (line: string) => void
}

export type ChaosResult = Awaited<ReturnType<typeof runChaos>>

/**
 * Lets two servers on one database serve many users while processes die, the node loses calls and answers, blocks come
 * late, providers fail and hours pass; then heals everything and audits every neuron.
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
    leastDeaths = 0,
    population = 14,
    signal,
    logFile,
    onProgress = () => {},
  } = options
  const startedMs = Date.now()
  const random = createRandom(seed)
  const favourite = favouritesOf(without)
  const program = await buildChildProgram()
  atEnd(program.remove)
  const devnet: Devnet = await startDevnet({ accountCacheMs: 0, lockTimeSeconds })
  atEnd(devnet.close)
  const rpc = await startRpcProxy(devnet.rpcUrl)
  atEnd(rpc[Symbol.asyncDispose])
  const place = await databases.create('postgres')
  atEnd(() => databases.remove(place))
  const database = connectPostgres(place.DATABASE_URL ?? '')
  atEnd(database.close)
  const spares = createSpares({ script: program.script, count: 3 })
  atEnd(spares.close)
  await spares.untilLoaded()
  const kills = createKills({ favourite: favourite.death })
  const time = createTime({ devnet, instances: () => instances })
  const newInstance = () =>
    createInstance({
      spares,
      onKilled: kills.note,
      orderOf: (port) => ({
        kind: 'start',
        offsetMs: time.offsetMs(),
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
  const gate = createGate()
  const calls = createCalls({ instances, gate, chainId: devnet.chainId, now: time.now })
  const weather = createWeather({ devnet, rpc, random: random.branch(-2), kills })
  const reckoning = createReckoning({ instances, calls, gate, kills, time, random: random.branch(-6) })
  const lives = createLives({
    devnet,
    calls,
    instances,
    random: random.branch(-3),
    gate,
    favourite: favourite.deed,
  })
  await Promise.all(instances.map((instance) => instance.untilUp()))

  /** The clocks of both go wrong by some seconds, forward. */
  async function clocks(until: AbortSignal): Promise<void> {
    const own = random.branch(-4)
    while (!until.aborted) {
      await pause(own.int(3_000, 8_000), until)
      time.advance(own.int(500, 15_000))
    }
  }

  async function progress(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await pause(5_000, until)
      const operations = [...lives.operations().values()].reduce((sum, count) => sum + count, 0)
      const elapsed = Math.round((Date.now() - startedMs) / 1_000)
      onProgress(
        `${elapsed} s: ${lives.all().length} users, ${operations} operations, ${kills.total()} deaths, ${calls.inFlight()} in flight; died too seldom at ${kills.missing().length} places`,
      )
    }
  }

  const ending = new AbortController()
  const until = ending.signal
  setMaxListeners(100, until)
  until.addEventListener('abort', () => calls.setHurried(true), { once: true })
  const begunMs = Date.now()
  let deathsInTime = 0
  const timer = setInterval(() => {
    const lastedMs = Date.now() - begunMs
    if (lastedMs < durationMs) deathsInTime = kills.total()
    const isEverywhere = !isThorough || kills.missing().length === 0 || lastedMs >= 2 * durationMs
    const isOften = kills.total() >= leastDeaths || lastedMs >= 4 * durationMs
    if (lastedMs >= durationMs && isEverywhere && isOften) ending.abort()
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
      reckoning.recur(until),
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
  const violations = await judge({
    devnet,
    db: database.db,
    instances,
    calls,
    dreamers: lives.all(),
    time,
    reckoning,
    random: random.branch(-5),
    shapelessAnswers: weather.counts().get('provider raw-answer') ?? 0,
    onProgress,
  })
  return {
    seed,
    seconds: Math.round((Date.now() - startedMs) / 1_000),
    users: lives.all().length,
    operations: Object.fromEntries(lives.operations()),
    answers: Object.fromEntries([...calls.statuses()].sort()),
    withdrawals: await countWithdrawals(database.db),
    kills: Object.fromEntries(kills.counts()),
    deathsInTime,
    neverKilledTwice: kills.missing(),
    faults: Object.fromEntries([...weather.counts()].sort()),
    violations,
  }
}

async function countWithdrawals(db: Db): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('withdrawal')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .groupBy('state')
    .orderBy('state')
    .execute()
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
