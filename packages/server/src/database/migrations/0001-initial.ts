import { type Kysely, sql } from 'kysely'

export const initial = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}

const statements = [
  `create table deployment (
    id smallint primary key check (id = 1),
    chain_id integer not null,
    genesis_hash text not null,
    secret_fingerprint text not null
  )`,
  `create table signed_request (
    address text not null,
    digest text not null,
    body_hash text not null,
    state text not null check (state in ('running', 'released', 'final')),
    lease_until timestamptz not null,
    answer bytea,
    created_at timestamptz not null,
    primary key (address, digest)
  )`,
  `create index signed_request_age on signed_request (created_at)`,
  `create table ledger (
    user_address text primary key,
    broker_address text not null,
    available numeric(78, 0) not null check (available >= 0),
    block_number bigint not null
  )`,
  `create table sub_account (
    user_address text not null,
    provider text not null,
    deposited numeric(78, 0) not null check (deposited >= 0),
    charged numeric(78, 0) not null default 0 check (charged >= 0),
    reserved numeric(78, 0) not null default 0 check (reserved >= 0),
    primary key (user_address, provider)
  )`,
  `create table chain_transaction (
    id bigint generated always as identity primary key,
    user_address text not null,
    broker_address text not null,
    nonce integer not null,
    kind text not null check (kind in ('deposit', 'transfer')),
    provider text,
    amount numeric(78, 0) not null check (amount > 0),
    raw text not null,
    hash text not null unique,
    state text not null check (state in ('prepared', 'broadcast', 'confirmed', 'failed')),
    block_number bigint,
    gas_used numeric(78, 0),
    effective_gas_price numeric(78, 0),
    created_at timestamptz not null,
    unique (broker_address, nonce)
  )`,
  `create index chain_transaction_open on chain_transaction (user_address) where state in ('prepared', 'broadcast')`,
  `create table deposit (
    user_address text not null,
    digest text not null,
    transaction_id bigint not null references chain_transaction (id),
    created_at timestamptz not null,
    primary key (user_address, digest)
  )`,
  `create table reservation (
    id uuid primary key,
    user_address text not null,
    digest text not null,
    provider text not null,
    model text not null,
    amount numeric(78, 0) not null check (amount >= 0),
    cost numeric(78, 0) check (cost >= 0),
    state text not null check (state in ('held', 'charged', 'released', 'unknown')),
    held_until timestamptz not null,
    created_at timestamptz not null,
    foreign key (user_address, provider) references sub_account (user_address, provider)
  )`,
  // A released reservation moved nothing, so the same signed request may try again; any other uses the signature up.
  `create unique index reservation_once on reservation (user_address, digest) where state <> 'released'`,
  `create index reservation_open on reservation (held_until) where state in ('held', 'unknown')`,
  `create table user_queries (
    id integer generated always as identity primary key,
    address varchar(42) not null,
    query_type varchar(50) not null,
    model_used varchar(200) not null,
    provider varchar(42) not null,
    request_id varchar(64) not null,
    cost_neuron numeric(78, 0) not null,
    cost_og decimal(18, 6) generated always as (cost_neuron / 1000000000000000000) stored,
    input_tokens integer not null,
    output_tokens integer not null,
    verification varchar(20) not null,
    response_time_ms integer not null,
    created_at timestamptz not null
  )`,
]
