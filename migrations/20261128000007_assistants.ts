import type { Knex } from 'knex';

/** `assistant`: the name of the assistant that answers the turn. Null in older rows. `client_instructions`: what the client
 *  sent as instructions, for an assistant that takes them. Both are added without a rewrite of the table. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns add column if not exists assistant text');
  await knex.schema.raw('alter table turns add column if not exists client_instructions text');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns drop column if exists client_instructions');
  await knex.schema.raw('alter table turns drop column if exists assistant');
}
