import { type Kysely, sql } from 'kysely'

export const statement = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const text of statements) await sql.raw(text).execute(db)
  },
}

const statements = [
  `alter table reservation add column request_id text`,
  `create index reservation_listing on reservation (user_address, created_at, id)`,
  `create index chain_transaction_listing on chain_transaction (user_address, created_at, nonce)`,
  `create index adjustment_listing on adjustment (user_address, created_at, id)`,
  `create unique index user_queries_request on user_queries (request_id)`,
  `alter table sub_account add column opening numeric(78, 0) not null default 0 check (opening >= 0)`,
  `update sub_account set opening = charged - coalesce((
    select sum(cost) from reservation
    where reservation.user_address = sub_account.user_address and reservation.provider = sub_account.provider
      and state = 'charged'), 0) - coalesce((
    select sum(amount) from adjustment
    where adjustment.user_address = sub_account.user_address and adjustment.provider = sub_account.provider), 0)`,
]
