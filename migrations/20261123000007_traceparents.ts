import type { Knex } from 'knex';

/** The position of a turn in its trace, so that later work on the turn continues the trace. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns add column if not exists traceparent text');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns drop column if exists traceparent');
}
