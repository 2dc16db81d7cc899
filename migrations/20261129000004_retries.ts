import type { Knex } from 'knex';

/** When the time of a turn for retries of its model calls began: at its first claim, and again after a retry of the turn.
 *  Null: it has not begun. Added without a rewrite of the table. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns add column if not exists retry_from timestamptz');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns drop column if exists retry_from');
}
