import { sql } from 'kysely'
import type { Db } from '../../database/connect.ts'
import type { Hex } from '../../platform/hex.ts'

type RequestKey = { address: Hex; digest: Hex }

export type SignedRequestStore = ReturnType<typeof createSignedRequestStore>

/** Remembers every signed request that was let in, so that its signature is spent on one body only. */
export function createSignedRequestStore(db: Db) {
  return {
    /**
     * Takes the request for running: a new one, or one that moved nothing, or one whose runner died. Undefined when it is
     * running elsewhere, finished, or bound to another body.
     */
    claim: (request: RequestKey & { bodyHash: string; now: Date; leaseUntil: Date }) =>
      db
        .insertInto('signed_request')
        .values({
          address: request.address,
          digest: request.digest,
          body_hash: request.bodyHash,
          state: 'running',
          lease_until: request.leaseUntil,
          created_at: request.now,
          answer: null,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['address', 'digest'])
            .doUpdateSet({ state: 'running', lease_until: request.leaseUntil })
            .where(
              sql<boolean>`signed_request.body_hash = excluded.body_hash and (signed_request.state = 'released'
                or (signed_request.state = 'running' and signed_request.lease_until < ${request.now}))`,
            ),
        )
        .returning('digest')
        .executeTakeFirst(),

    find: ({ address, digest }: RequestKey) =>
      db
        .selectFrom('signed_request')
        .selectAll()
        .where('address', '=', address)
        .where('digest', '=', digest)
        .executeTakeFirst(),

    /** Keeps the sealed first answer; every retry gets it. The first to finish wins. */
    finish: ({ address, digest }: RequestKey, sealed: Uint8Array) =>
      db
        .updateTable('signed_request')
        .set({ state: 'final', answer: sealed })
        .where('address', '=', address)
        .where('digest', '=', digest)
        .where('state', '=', 'running')
        .execute(),

    /** Lets the same request run again: it moved nothing. */
    release: ({ address, digest }: RequestKey) =>
      db
        .updateTable('signed_request')
        .set({ state: 'released' })
        .where('address', '=', address)
        .where('digest', '=', digest)
        .where('state', '=', 'running')
        .execute(),

    removeOlderThan: (date: Date) => db.deleteFrom('signed_request').where('created_at', '<', date).execute(),
  }
}
