import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PostgresDialect, type PostgresPool } from 'kysely'
import pg from 'pg'
import { createKeyedMutex } from '../platform/mutex.ts'
import { lockDataDir } from './data-dir-lock.ts'
import { translateOutages } from './outage.ts'
import type { Schema } from './schema.ts'

export type Db = Kysely<Schema>

export type Database = { db: Db; close: () => Promise<void> }

/** Far beyond what any statement of ours takes, waiting for a row lock included; well within what a caller waits. */
const defaultTimeouts = { statementMs: 10_000, queryMs: 15_000 }

const oid = { int8: 20, numeric: 1700 }

/**
 * Connects to Postgres. Amounts come back as `bigint`. The server ends a statement after `statementMs`; `queryMs` is for a
 * server that does not even say so.
 */
export function connectPostgres(url: string, { statementMs, queryMs } = defaultTimeouts): Database {
  const types = {
    getTypeParser: (id: number, format?: 'text' | 'binary') =>
      id === oid.numeric ? parseNumeric : id === oid.int8 ? Number : pg.types.getTypeParser(id, format as 'text'),
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: 16,
    connectionTimeoutMillis: 5_000,
    statement_timeout: statementMs,
    query_timeout: queryMs,
    // The locks of a transaction whose client has vanished.
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types,
  })
  // NOTE an idle connection that the server closes raises here; the next query reconnects.
  pool.on('error', () => {})
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: translateOutages(pool) }) })
  return { db, close: () => db.destroy() }
}

/**
 * Opens the embedded database in `dataDir`, which is held by an exclusive lock until `close` or the end of the process.
 * Throws `StartupError` naming the holder when another process has it.
 */
export async function openEmbedded(dataDir: string): Promise<Database> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const lock = lockDataDir(dataDir)
  try {
    const pglite = await PGlite.create(join(dataDir, 'database'), {
      parsers: { [oid.numeric]: parseNumeric, [oid.int8]: Number },
    })
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: poolOf(pglite) }) })
    return {
      db,
      close: async () => {
        await db.destroy()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** PGlite has one connection: a Kysely connection holds it until released, so that transactions never interleave. */
function poolOf(pglite: PGlite): PostgresPool {
  const turns = createKeyedMutex()
  return {
    connect: () =>
      new Promise((resolve) => {
        void turns(
          'connection',
          () =>
            new Promise<void>((release) => {
              resolve({
                release,
                query: async (text: string, parameters: readonly unknown[]) => {
                  const result = await pglite.query(text, parameters.map(toParameter))
                  const command = text.trimStart().slice(0, 6).toUpperCase()
                  return { command, rowCount: result.affectedRows ?? 0, rows: result.rows }
                },
              } as unknown as Awaited<ReturnType<PostgresPool['connect']>>)
            }),
        )
      }),
    end: () => pglite.close(),
  } as PostgresPool
}

function toParameter(value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

function parseNumeric(text: string): bigint | string {
  return text.includes('.') ? text : BigInt(text)
}

/** Whether a statement failed because a row with the same key is already there. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}
