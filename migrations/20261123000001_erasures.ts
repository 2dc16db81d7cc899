import type { Knex } from 'knex';

/** Erasures of users. A completed erasure contains no user id, only a hash to check a known user id against. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table if not exists erasures (
    erasure_id uuid primary key,
    user_id text,
    owner_hash text not null,
    turn_ids jsonb not null,
    passes int4 not null default 0,
    due_at timestamptz not null default now(),
    requested_at timestamptz not null default now(),
    finished_at timestamptz)`);
  // One running erasure for each user. Completed erasures have no user id.
  await knex.schema.raw('create unique index if not exists erasures_user on erasures (user_id)');
  await knex.schema.raw('create index if not exists erasures_due on erasures (due_at) where finished_at is null');
  // For erasing rows by user.
  await knex.schema.raw('create index if not exists sessions_user on sessions (user_id)');
  await knex.schema.raw('create index if not exists reviews_user on reviews (user_id, seq)');
}

export async function down(knex: Knex): Promise<void> {
  for (const index of ['reviews_user', 'sessions_user']) await knex.schema.raw(`drop index if exists ${index}`);
  await knex.schema.dropTableIfExists('erasures');
}
