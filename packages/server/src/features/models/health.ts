import type { Clock } from '../../platform/clock.ts'

const failuresToOpen = 3
const openForMs = 30_000
const quarantineMs = 3_600_000

export type ProviderHealth = ReturnType<typeof createProviderHealth>

/** A circuit breaker per provider: three failures in a row rest it for half a minute. What the caller did wrong never counts. */
export function createProviderHealth({ clock }: { clock: Clock }) {
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
    /** Keeps requests away from a provider that was caught lying, for an hour. */
    quarantine(provider: string): void {
      quarantined.set(provider, clock.now() + quarantineMs)
    },
    failed(provider: string): void {
      failures.set(provider, { count: (failures.get(provider)?.count ?? 0) + 1, lastMs: clock.now() })
    },
  }
}
