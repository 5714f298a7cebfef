import { Migrator } from 'kysely'
import { connectPostgres, type Db } from './connect.ts'
import { initial } from './migrations/0001-initial.ts'
import { attempts } from './migrations/0002-attempts.ts'
import { adjustments } from './migrations/0003-adjustments.ts'
import { statement } from './migrations/0004-statement.ts'
import { run } from './migrations/0005-run.ts'
import { bounds } from './migrations/0006-bounds.ts'
import { withdrawals } from './migrations/0007-withdrawals.ts'

/** Brings the database to the newest schema; several instances may call it at once. Throws what the database said. */
export async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: async () => ({
        '0001-initial': initial,
        '0002-attempts': attempts,
        '0003-adjustments': adjustments,
        '0004-statement': statement,
        '0005-run': run,
        '0006-bounds': bounds,
        '0007-withdrawals': withdrawals,
      }),
    },
  })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

/** The same without a limit of time: a migration may rewrite a large table, or wait until another instance has done so. */
export async function migratePostgres(url: string): Promise<void> {
  const { db, close } = connectPostgres(url, { statementMs: 0, queryMs: 0 })
  await migrate(db).finally(close)
}
