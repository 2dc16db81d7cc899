import type { Knex } from 'knex';

/** Which worker may claim a user's turns without a call of the user's actor. Only the actor grants; the row is where it
 *  finds the grant after it has moved. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table if not exists user_grants (
    user_id text primary key,
    holder uuid not null,
    version int8 not null,
    held_until timestamptz not null)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('user_grants');
}
