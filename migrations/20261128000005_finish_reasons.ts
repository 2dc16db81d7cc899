import type { Knex } from 'knex';

/** How the reply of a turn, and the draft of a review, ended. Null: not known, or there is none. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns add column if not exists finish_reason text');
  await knex.schema.raw('alter table reviews add column if not exists finish_reason text');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table reviews drop column if exists finish_reason');
  await knex.schema.raw('alter table turns drop column if exists finish_reason');
}
