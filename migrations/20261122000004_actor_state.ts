import type { Knex } from 'knex';

/** The state of the embedded runtime's UserSession actors. Dapr keeps the same in its own state store. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table if not exists actor_state (
    user_id text not null,
    key text not null,
    value jsonb not null,
    primary key (user_id, key))`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('actor_state');
}
