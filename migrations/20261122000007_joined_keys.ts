import type { Knex } from 'knex';

/** Idempotency keys of messages that joined a turn of another request (`on_busy: merge`). The keys of messages that
 *  created a turn are in `turns`. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table if not exists joined_keys (
    user_id text not null,
    idempotency_key text not null,
    turn_id uuid not null,
    request_hash text not null,
    created_at timestamptz not null default now(),
    primary key (user_id, idempotency_key))`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('joined_keys');
}
