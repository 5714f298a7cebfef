import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import { connectPostgres, type Database, type Db, openEmbedded } from '../database/connect.ts'
import { migrate } from '../database/migrate.ts'
import { type MoneyStores, sqlStores } from './money-stores.ts'
import { openMemoryStores } from './simulation/memory/as-db.ts'
import { howToStartPostgres, openTestDatabases, type TestDatabases } from './test-databases.ts'

/** Runs the same tests on both databases. Those of one suite share a database, so each uses addresses of its own. */
export function describeOnDatabases(name: string, define: (db: () => Db) => void): void {
  describe.each(['embedded', 'postgres'] as const)(`${name}, %s`, (kind) => {
    let databases: TestDatabases
    let database: Database | undefined

    beforeAll(async () => {
      databases = await openTestDatabases()
      if (kind === 'postgres' && !databases.hasPostgres) return
      const { DATABASE_URL: url, DATA_DIR: dataDir } = await databases.create(kind)
      database = url ? connectPostgres(url) : await openEmbedded(String(dataDir))
      await migrate(database.db)
    })
    beforeEach(({ skip }) => {
      skip(!database, howToStartPostgres)
    })
    afterAll(async () => {
      await database?.close()
      await databases[Symbol.asyncDispose]()
    })

    define(() => {
      if (!database) throw new Error(howToStartPostgres)
      return database.db
    })
  })
}

/** Runs the same tests on both databases and on the twins in memory, which stand in for them in simulations. */
export function describeOnStores(name: string, define: (stores: () => MoneyStores) => void): void {
  describeOnDatabases(name, (db) => define(() => sqlStores(db())))
  describe(`${name}, memory`, () => {
    const stores = openMemoryStores()
    define(() => stores)
  })
}
