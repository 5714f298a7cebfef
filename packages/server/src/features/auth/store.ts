import { sql } from 'kysely'
import type { Db } from '../../database/connect.ts'
import type { Hex } from '../../platform/hex.ts'

type RequestKey = { address: Hex; digest: Hex }

/** A run of a request. Whose lease has run out may find that another one has taken the request over. */
type RunKey = RequestKey & { runId: string }

export type SignedRequestStore = ReturnType<typeof createSignedRequestStore>

/** Remembers every signed request that was let in, so that its signature is spent on one body only. */
export function createSignedRequestStore(db: Db) {
  return {
    /**
     * Takes the request for running: a new one, or one that moved nothing, or one whose runner died. Undefined when it is
     * running elsewhere, finished, or bound to another body.
     */
    claim: (request: RunKey & { bodyHash: string; now: Date; leaseUntil: Date }) =>
      db
        .insertInto('signed_request')
        .values({
          address: request.address,
          digest: request.digest,
          body_hash: request.bodyHash,
          state: 'running',
          lease_until: request.leaseUntil,
          run_id: request.runId,
          created_at: request.now,
          answer: null,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['address', 'digest'])
            .doUpdateSet({ state: 'running', lease_until: request.leaseUntil, run_id: request.runId })
            .where(
              sql<boolean>`signed_request.body_hash = excluded.body_hash and (signed_request.state = 'released'
                or (signed_request.state = 'running' and signed_request.lease_until < ${request.now}))`,
            ),
        )
        .returning('created_at')
        .executeTakeFirst(),

    find: ({ address, digest }: RequestKey) =>
      db
        .selectFrom('signed_request')
        .selectAll()
        .where('address', '=', address)
        .where('digest', '=', digest)
        .executeTakeFirst(),

    /**
     * Keeps the sealed first answer; every retry gets it. Undefined when this run has finished before, or another one has
     * taken the request over.
     */
    finish: ({ address, digest, runId }: RunKey, sealed: Uint8Array) =>
      db
        .updateTable('signed_request')
        .set({ state: 'final', answer: sealed })
        .where('address', '=', address)
        .where('digest', '=', digest)
        .where('run_id', '=', runId)
        .where('state', '=', 'running')
        .returning('digest')
        .executeTakeFirst(),

    /** Lets the same request run again: it moved nothing. Does nothing when another run has taken it over. */
    release: ({ address, digest, runId }: RunKey) =>
      db
        .updateTable('signed_request')
        .set({ state: 'released' })
        .where('address', '=', address)
        .where('digest', '=', digest)
        .where('run_id', '=', runId)
        .where('state', '=', 'running')
        .execute(),

    removeOlderThan: (date: Date) => db.deleteFrom('signed_request').where('created_at', '<', date).execute(),
  }
}
