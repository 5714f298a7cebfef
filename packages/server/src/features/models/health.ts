import type { Db } from '../../database/connect.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Hex } from '../../platform/hex.ts'
import { createQuarantineStore } from './store.ts'

const failuresToOpen = 3
const openForMs = 30_000
const quarantineMs = 7 * 24 * 3_600_000

export type ProviderHealth = ReturnType<typeof createProviderHealth>

/**
 * Which providers get requests. A circuit breaker rests one for half a minute after three failures in a row (what the
 * caller did wrong never counts); quarantine keeps one away for a week that billed what cannot be.
 */
export function createProviderHealth({ db, clock }: { db: Db; clock: Clock }) {
  const store = createQuarantineStore(db)
  const failures = new Map<string, { count: number; lastMs: number }>()
  const quarantined = new Map<string, number>()

  return {
    isHealthy(provider: string): boolean {
      if (clock.now() < (quarantined.get(provider) ?? 0)) return false
      const failed = failures.get(provider)
      return !failed || failed.count < failuresToOpen || clock.now() - failed.lastMs >= openForMs
    },

    succeeded(provider: string): void {
      failures.delete(provider)
    },

    failed(provider: string): void {
      failures.set(provider, { count: (failures.get(provider)?.count ?? 0) + 1, lastMs: clock.now() })
    },

    /**
     * Keeps requests away from a provider, on every instance. An operator ends it by deleting the row. Whoever is in a
     * transaction passes it.
     */
    async quarantine(provider: Hex, reason: string, trx: Db = db): Promise<void> {
      const untilMs = clock.now() + quarantineMs
      quarantined.set(provider, untilMs)
      await createQuarantineStore(trx).add({ provider, reason, until: new Date(untilMs) })
    },

    /** Learns what other instances, or this one before, have quarantined. */
    async refresh(): Promise<void> {
      const rows = await store.list()
      quarantined.clear()
      for (const { provider, until } of rows) quarantined.set(provider, until.getTime())
    },
  }
}
