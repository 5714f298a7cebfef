import type { Insertable } from 'kysely'
import type { Db } from '../../database/connect.ts'
import type { Schema } from '../../database/schema.ts'

/** Rows for analytics, one per paid query. */
export function createUsageStore(db: Db) {
  return {
    append: (row: Insertable<Schema['user_queries']>) => db.insertInto('user_queries').values(row).execute(),
  }
}
