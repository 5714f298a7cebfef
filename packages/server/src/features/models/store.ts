import type { Db } from '../../database/connect.ts'
import type { Hex } from '../../platform/hex.ts'

export type QuarantineStore = ReturnType<typeof createQuarantineStore>

/** Providers that were caught lying, for every instance and across restarts. */
export function createQuarantineStore(db: Db) {
  return {
    list: () => db.selectFrom('quarantine').selectAll().execute(),

    add: (row: { provider: Hex; reason: string; until: Date }) =>
      db
        .insertInto('quarantine')
        .values(row)
        .onConflict((conflict) => conflict.column('provider').doUpdateSet({ reason: row.reason, until: row.until }))
        .execute(),
  }
}
