import type { Knex } from 'knex';

/** For the pages of reviewers and operators: the order of review events, the secret of sessions, and indexes. */
export async function up(knex: Knex): Promise<void> {
  // The position of an event in the order in which readers receive events; null: not numbered yet.
  await knex.schema.raw('alter table review_events add column if not exists position int8');
  await knex.schema.raw(
    'create unique index if not exists review_events_position on review_events (position) where position is not null',
  );
  await knex.schema.raw(
    'create index if not exists review_events_unnumbered on review_events (at, event_id) where position is null',
  );
  // One row: the last assigned position. The greatest position in the table may be smaller after an erasure.
  await knex.schema.raw('create table if not exists review_positions (name text primary key, last int8 not null)');
  await knex.schema.raw(
    "insert into review_positions (name, last) values ('review-events', 0) on conflict (name) do nothing",
  );

  await knex.schema.raw(`create table if not exists secrets (
    name text primary key,
    value text not null,
    created_at timestamptz not null default now())`);

  // For the filters of reviewers, in the order of the list.
  await knex.schema.raw('create index if not exists reviews_user_deadline on reviews (user_id, deadline, review_id)');
  await knex.schema.raw(`create index if not exists reviews_claimed_by on reviews (claimed_by, deadline, review_id)
    where claimed_by is not null`);
  await knex.schema.raw(`create index if not exists reviews_decided_by on reviews (decided_by, deadline, review_id)
    where decided_by is not null`);
  await knex.schema.raw(
    'create index if not exists reviews_decided_by_at on reviews (decided_by, decided_at) where decided_by is not null',
  );
  await knex.schema.raw(
    'create index if not exists reviews_decided_at on reviews (decided_at) where decided_at is not null',
  );
  await knex.schema.raw('create index if not exists reviews_reasons on reviews using gin (reasons)');

  // For the operators' counts.
  await knex.schema.raw(`create index if not exists turns_finished on turns (finished_at, status, error_code)
    where finished_at is not null`);
  await knex.schema.raw('create index if not exists turns_claimed_again on turns (finished_at, epoch) where epoch > 1');
}

export async function down(knex: Knex): Promise<void> {
  const indexes = [
    'turns_claimed_again',
    'turns_finished',
    'reviews_reasons',
    'reviews_decided_at',
    'reviews_decided_by_at',
    'reviews_decided_by',
    'reviews_claimed_by',
    'reviews_user_deadline',
  ];
  for (const index of indexes) await knex.schema.raw(`drop index if exists ${index}`);
  for (const table of ['secrets', 'review_positions']) await knex.schema.dropTableIfExists(table);
  await knex.schema.raw('drop index if exists review_events_unnumbered');
  await knex.schema.raw('drop index if exists review_events_position cascade');
  await knex.schema.raw('alter table review_events drop column if exists position');
}
