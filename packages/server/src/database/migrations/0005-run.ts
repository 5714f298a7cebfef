import { type Kysely, sql } from 'kysely'

/** Which run of a signed request holds its lease. */
export const run = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table signed_request add column run_id text`.execute(db)
  },
}
