import { type Kysely, sql } from 'kysely'

/** Every signed form a transaction ever had: a dearer replacement does not make the first one unminable. */
export const attempts = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}

const statements = [
  `create table transaction_attempt (
    hash text primary key,
    transaction_id bigint not null references chain_transaction (id),
    raw text not null,
    created_at timestamptz not null
  )`,
  `create index transaction_attempt_of on transaction_attempt (transaction_id)`,
  `insert into transaction_attempt (hash, transaction_id, raw, created_at)
    select hash, id, raw, created_at from chain_transaction`,
  `alter table chain_transaction drop constraint chain_transaction_state_check`,
  `alter table chain_transaction add constraint chain_transaction_state_check
    check (state in ('prepared', 'broadcast', 'unknown', 'confirmed', 'failed'))`,
  `drop index chain_transaction_open`,
  `create index chain_transaction_open on chain_transaction (user_address)
    where state in ('prepared', 'broadcast', 'unknown')`,
]
