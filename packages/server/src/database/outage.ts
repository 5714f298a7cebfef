import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { AppError } from '../platform/errors.ts'

/** Network errors, and Postgres classes 08 (connection), 53 (resources) and 57P (shutdown). */
const outageCode = /^(E[A-Z]+|08...|53...|57P..)$/

/** A pool whose connections say `store-unavailable` when the database is gone, instead of the driver's many errors. */
export function translateOutages(pool: PostgresPool): PostgresPool {
  return {
    connect: async () => {
      const client = await pool.connect().catch((error: unknown) => {
        throw unavailable(error)
      })
      return translateQueries(client)
    },
    end: () => pool.end(),
  } as PostgresPool
}

function translateQueries(client: PostgresPoolClient): PostgresPoolClient {
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
  return {
    release: () => client.release(),
    query: (...args: unknown[]) =>
      query(...args).catch((error: unknown) => {
        throw isOutage(error) ? unavailable(error) : error
      }),
  } as unknown as PostgresPoolClient
}

function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string') return outageCode.test(error.code)
  return /connection terminated|client has encountered a connection error/i.test(error.message)
}

function unavailable(cause: unknown): AppError {
  return new AppError('store-unavailable', 'The store does not answer now: try again shortly', {}, { cause })
}
