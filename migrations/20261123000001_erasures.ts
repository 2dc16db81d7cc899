import type { Knex } from 'knex';

/** Erasures of users. Of one that has ended nothing is kept that tells whom it concerned, but to those who know. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table erasures (
    erasure_id uuid primary key,
    user_id text,
    owner_hash text not null,
    turn_ids jsonb not null,
    passes int4 not null default 0,
    due_at timestamptz not null default now(),
    requested_at timestamptz not null default now(),
    finished_at timestamptz)`);
  // One at a time of a user; those that have ended have no user.
  await knex.schema.raw('create unique index erasures_user on erasures (user_id)');
  await knex.schema.raw('create index erasures_due on erasures (due_at) where finished_at is null');
  // What is erased by user.
  await knex.schema.raw('create index sessions_user on sessions (user_id)');
  await knex.schema.raw('create index reviews_user on reviews (user_id, seq)');
}

export async function down(knex: Knex): Promise<void> {
  for (const index of ['reviews_user', 'sessions_user']) await knex.schema.raw(`drop index ${index}`);
  await knex.schema.dropTable('erasures');
}
