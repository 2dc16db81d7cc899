import type { Knex } from 'knex';

/** Drafted replies that wait for a person, their audit trail, and decisions that are still to be applied. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table if not exists reviews (
    review_id uuid primary key,
    turn_id uuid not null,
    user_id text not null,
    session_id uuid not null,
    seq int8 not null,
    status text not null default 'pending',
    reasons jsonb not null,
    draft text not null,
    deadline timestamptz not null,
    claimed_by text,
    claimed_until timestamptz,
    decision text,
    reply text,
    note text,
    decided_by text,
    decided_at timestamptz,
    created_at timestamptz not null default now())`);
  await knex.schema.raw('create unique index if not exists reviews_turn on reviews (turn_id)');
  // For lists, oldest deadline first, and for overdue reviews.
  await knex.schema.raw('create index if not exists reviews_status_deadline on reviews (status, deadline, review_id)');
  await knex.schema.raw('create index if not exists reviews_deadline on reviews (deadline, review_id)');
  // For the number of pending reviews of a user.
  await knex.schema.raw(
    "create index if not exists reviews_user_pending on reviews (user_id) where status = 'pending'",
  );

  // The audit trail: rows are added, never changed.
  await knex.schema.raw(`create table if not exists review_events (
    event_id uuid primary key,
    review_id uuid not null,
    at timestamptz not null default now(),
    who text,
    what text not null,
    reasons jsonb,
    original text,
    edit text,
    note text)`);
  await knex.schema.raw('create index if not exists review_events_review on review_events (review_id, at)');

  await knex.schema.raw(`create table if not exists kept_decisions (
    turn_id uuid primary key,
    decision text not null,
    reply text,
    note text,
    decided_by text not null,
    created_at timestamptz not null default now())`);
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['kept_decisions', 'review_events', 'reviews']) await knex.schema.dropTableIfExists(table);
}
