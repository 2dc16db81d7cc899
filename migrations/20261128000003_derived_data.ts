import type { Knex } from 'knex';

/** Delivered turns whose derived data is still to be made, and users whose summary is still to be renewed. A commit adds
 *  the turn; the statement that counts it removes it and adds its user. So both survive the loss of Redis, and both
 *  tables stay small. They replace `counted_turns`, which grew with every turn, and a sorted set in Redis. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table if not exists uncounted_turns (
    turn_id uuid primary key,
    created_at timestamptz not null default now())`);
  await knex.schema.raw('create index if not exists uncounted_turns_created_at on uncounted_turns (created_at)');
  // The summary is due at due_at, if the user has been quiet for a while then. `mark` and `quiet_since` change with every
  // delivery; due_at does not, because a change of an indexed column makes each later update more expensive.
  await knex.schema.raw(`create table if not exists due_summaries (
    user_id text primary key,
    mark uuid not null,
    due_at timestamptz not null,
    quiet_since timestamptz not null,
    traceparent text)`);
  await knex.schema.raw('create index if not exists due_summaries_due_at on due_summaries (due_at)');
  if (!(await knex.schema.hasTable('counted_turns'))) return;
  await knex.schema.raw(`insert into uncounted_turns (turn_id)
    select turn_id from turns where status = 'completed'
      and not exists (select 1 from counted_turns where counted_turns.turn_id = turns.turn_id)
    on conflict (turn_id) do nothing`);
  // Redis may have held the due time of the summaries of the last turns.
  await knex.schema.raw(`insert into due_summaries (user_id, mark, due_at, quiet_since)
    select user_id, gen_random_uuid(), now(), now() from turns
    where finished_at > now() - interval '10 minutes' and status = 'completed' group by user_id
    on conflict (user_id) do nothing`);
  await knex.schema.raw('drop table if exists counted_turns');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('create table if not exists counted_turns (turn_id uuid primary key)');
  if (await knex.schema.hasTable('uncounted_turns')) {
    await knex.schema.raw(`insert into counted_turns (turn_id)
      select turn_id from turns where status = 'completed'
        and not exists (select 1 from uncounted_turns where uncounted_turns.turn_id = turns.turn_id)
      on conflict (turn_id) do nothing`);
  }
  for (const table of ['due_summaries', 'uncounted_turns']) await knex.schema.dropTableIfExists(table);
}
