import type { Knex } from 'knex';

/** Users, sessions and turns. The accept transaction locks the user's row, which assigns `seq`. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table if not exists users (
    user_id text primary key,
    last_seq int8 not null default 0,
    message_count int8 not null default 0,
    created_at timestamptz not null default now())`);
  await knex.schema.raw(`create table if not exists sessions (
    session_id uuid primary key,
    user_id text not null,
    created_at timestamptz not null default now())`);
  await knex.schema.raw(`create table if not exists turns (
    turn_id uuid primary key,
    user_id text not null,
    session_id uuid not null,
    seq int8 not null,
    status text not null default 'queued',
    epoch int4 not null default 0,
    lease_until timestamptz,
    text text not null,
    reply text,
    partial_reply text,
    metadata jsonb not null,
    tags jsonb not null,
    idempotency_key text,
    request_hash text,
    error_code text,
    error_detail text,
    attempts int4 not null default 0,
    input_tokens int4,
    output_tokens int4,
    model text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz)`);
  await knex.schema.raw('create unique index if not exists turns_user_seq on turns (user_id, seq)');
  await knex.schema.raw(`create unique index if not exists turns_user_idempotency_key
    on turns (user_id, idempotency_key) where idempotency_key is not null`);
  // For the next turn of a user, the queued turns and the limits. It contains only queued and running turns.
  await knex.schema.raw(
    "create index if not exists turns_unfinished on turns (user_id, seq) where status in ('queued', 'running')",
  );
  // The last fence below the actor: the database itself refuses a second running turn of a user.
  await knex.schema.raw(
    "create unique index if not exists turns_one_running on turns (user_id) where status = 'running'",
  );
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['turns', 'sessions', 'users']) await knex.schema.dropTableIfExists(table);
}
