import type { Knex } from 'knex';

/** Counters by user, day and final status. `counted_turns` makes counting idempotent. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table if not exists analytics_days (
    user_id text not null,
    day date not null,
    status text not null,
    turns int8 not null,
    reviewed int8 not null,
    input_tokens int8 not null,
    output_tokens int8 not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    primary key (user_id, day, status))`);
  await knex.schema.raw('create index if not exists analytics_days_day on analytics_days (day)');
  await knex.schema.raw('create table if not exists counted_turns (turn_id uuid primary key)');
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['counted_turns', 'analytics_days']) await knex.schema.dropTableIfExists(table);
}
