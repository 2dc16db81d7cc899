import type { Knex } from 'knex';

/** Counts of sent messages get their own table: an accept locks the user's row, and must not wait for the statistics.
 *  `version` of a user increases with every accept, join and erasure, so that an accept that read the rows of the user
 *  before it had the lock notices a change in between. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table users add column if not exists version int8 not null default 0');
  await knex.schema.raw(`create table if not exists message_counts (
    user_id text primary key,
    sent int8 not null default 0)`);
  if (await knex.schema.hasColumn('users', 'message_count')) {
    await knex.schema.raw(`insert into message_counts (user_id, sent)
      select user_id, message_count from users where message_count > 0 on conflict (user_id) do nothing`);
    await knex.schema.raw('alter table users drop column if exists message_count');
  }
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table users add column if not exists message_count int8 not null default 0');
  if (await knex.schema.hasTable('message_counts')) {
    await knex.schema
      .raw(`insert into users (user_id, message_count) select user_id, sent from message_counts where true
      on conflict (user_id) do update set message_count = excluded.message_count`);
  }
  await knex.schema.dropTableIfExists('message_counts');
  await knex.schema.raw('alter table users drop column if exists version');
}
