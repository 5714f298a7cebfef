import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { AppError } from '../platform/errors.ts'

/** Network errors, and Postgres classes 08 (connection), 53 (resources), 57P (shutdown) and 25P03 (idle for too long). */
const outageCode = /^(E[A-Z]+|08...|53...|57P..|25P03)$/

/** A statement that took too long was cancelled; its connection is as good as before. */
const cancelledCode = '57014'

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
  const release = client.release.bind(client) as (isBroken: boolean) => void
  let outage: unknown
  return {
    // The pool would hand a connection out again on which an answer may still be on its way.
    release: () => release(outage !== undefined),
    query: async (...args: unknown[]) => {
      if (outage !== undefined) throw unavailable(outage)
      return query(...args).catch((error: unknown) => {
        if (isOutage(error)) outage = error
        throw outage !== undefined || isCancelled(error) ? unavailable(error) : error
      })
    },
  } as unknown as PostgresPoolClient
}

function isCancelled(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === cancelledCode
}

function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string') return outageCode.test(error.code)
  return /connection terminated|query read timeout|client has encountered a connection error/i.test(error.message)
}

function unavailable(cause: unknown): AppError {
  return new AppError('store-unavailable', 'The store does not answer now: try again shortly', {}, { cause })
}
