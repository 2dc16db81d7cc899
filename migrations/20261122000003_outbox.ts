import type { Knex } from 'knex';

/** Events, committed together with the changes that they report. The relay publishes and deletes them. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table if not exists outbox (
    event_id uuid primary key,
    topic text not null,
    user_id text not null,
    data jsonb not null,
    created_at timestamptz not null default now())`);
  await knex.schema.raw('create index if not exists outbox_created_at on outbox (created_at)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('outbox');
}
