import { type Kysely, sql } from 'kysely'

/** How far a provider is believed, and which ones no longer are. */
export const bounds = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const text of statements) await sql.raw(text).execute(db)
  },
}

const statements = [
  `alter table sub_account add column slack numeric(78, 0) not null default 0 check (slack >= 0)`,
  `alter table sub_account add column settled numeric(78, 0) not null default 0`,
  `alter table sub_account add column looked_at timestamptz`,
  `create table quarantine (
    provider text primary key,
    reason text not null,
    until timestamptz not null
  )`,
  // Token counts come from strangers and may not fit an integer.
  `alter table user_queries alter column input_tokens type bigint`,
  `alter table user_queries alter column output_tokens type bigint`,
]
