import { type Kysely, sql } from 'kysely'

/** What reconciliation corrects, and up to where the books were found to agree with the provider's bill. */
export const adjustments = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}

const statements = [
  `create table adjustment (
    id bigint generated always as identity primary key,
    user_address text not null,
    provider text not null,
    amount numeric(78, 0) not null,
    created_at timestamptz not null,
    foreign key (user_address, provider) references sub_account (user_address, provider)
  )`,
  `alter table sub_account add column checked numeric(78, 0) not null default 0`,
  `create index sub_account_unchecked on sub_account (user_address, provider) where charged <> checked`,
]
