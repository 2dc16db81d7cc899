import type { Knex } from 'knex';

/** Where a turn stands in its trace, so that whoever goes on with it, however late, does so there. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns add column traceparent text');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns drop column traceparent');
}
