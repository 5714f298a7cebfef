import { sql } from 'kysely'
import type { ChainReader } from '../../chain/reader.ts'
import type { Db } from '../../database/connect.ts'
import { createSingleFlight } from '../../platform/single-flight.ts'
import type { Catalogue } from '../models/catalogue.ts'
import type { ProviderHealth } from '../models/health.ts'

const timeoutMs = 2_000

export type Checks = Record<'chain' | 'database' | 'providers', 'ok' | 'failed'>

export type HealthService = ReturnType<typeof createHealthService>

/** Looks at everything an analysis needs, without spending anything. */
export function createHealthService(deps: {
  db: Db
  reader: ChainReader
  catalogue: Catalogue
  health: ProviderHealth
}) {
  const { db, reader, catalogue, health } = deps
  const looking = createSingleFlight<Checks>()
  return {
    /** One look at a time, however many ask. */
    check: (): Promise<Checks> => looking('checks', look),
  }

  async function look(): Promise<Checks> {
    const [chain, database, providers] = await Promise.all([
      passes(reader.readBlockNumber()),
      passes(sql`select 1`.execute(db)),
      passes(someProvider()),
    ])
    return { chain, database, providers }
  }

  async function someProvider(): Promise<void> {
    const services = await catalogue.list()
    if (!services.some(({ provider }) => health.isHealthy(provider))) throw new Error('No healthy provider')
  }
}

async function passes(check: Promise<unknown>): Promise<'ok' | 'failed'> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const late = new Promise<'failed'>((resolve) =>
    timeout.addEventListener('abort', () => resolve('failed'), { once: true }),
  )
  return Promise.race([check.then(() => 'ok' as const).catch(() => 'failed' as const), late])
}
