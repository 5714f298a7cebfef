import { type Kysely, sql } from 'kysely'

/** The way out: withdrawals, the transactions that carry them out, and fees that nobody can collect any more. */
export const withdrawals = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const text of statements) await sql.raw(text).execute(db)
  },
}

const statements = [
  `create table withdrawal (
    id bigint generated always as identity primary key,
    user_address text not null,
    digest text not null,
    cancel_digest text,
    amount numeric(78, 0) check (amount > 0),
    state text not null check (state in ('open', 'cancelling', 'done', 'failed', 'cancelled')),
    waits_for text check (waits_for in ('transaction', 'lock-time', 'gas')),
    wait_until timestamptz,
    gas_shortfall numeric(78, 0),
    rest numeric(78, 0) not null default 0 check (rest >= 0),
    created_at timestamptz not null,
    unique (user_address, digest),
    unique (user_address, cancel_digest)
  )`,
  `create unique index withdrawal_open on withdrawal (user_address) where state in ('open', 'cancelling')`,
  `create index withdrawal_listing on withdrawal (user_address, created_at, id)`,
  `alter table chain_transaction add column withdrawal_id bigint references withdrawal (id)`,
  `create index chain_transaction_of on chain_transaction (withdrawal_id) where withdrawal_id is not null`,
  `alter table chain_transaction drop constraint chain_transaction_kind_check`,
  `alter table chain_transaction add constraint chain_transaction_kind_check
    check (kind in ('deposit', 'transfer', 'restore', 'retrieve', 'refund', 'payout'))`,
  // A retrieve names providers, not an amount.
  `alter table chain_transaction drop constraint chain_transaction_amount_check`,
  `alter table chain_transaction add constraint chain_transaction_amount_check
    check (amount > 0 or (kind = 'retrieve' and amount = 0))`,
  `create table sighting (
    transaction_id bigint not null references chain_transaction (id),
    provider text not null,
    balance numeric(78, 0) not null check (balance >= 0),
    block_number bigint not null,
    primary key (transaction_id, provider)
  )`,
  `alter table adjustment add column reason text not null default 'billed' check (reason in ('billed', 'waived'))`,
]
