import type { Knex } from 'knex';

/** Delivered messages, two for each turn: ordinal 0 is the user's message, 1 the assistant's reply. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(`create table if not exists conversation_rows (
    user_id text not null,
    seq int8 not null,
    ordinal int2 not null,
    session_id uuid not null,
    turn_id uuid not null,
    role text not null,
    content text not null,
    tags jsonb not null,
    metadata jsonb not null,
    created_at timestamptz not null default now(),
    primary key (user_id, seq, ordinal))`);
  await knex.schema.raw(
    'create index if not exists conversation_rows_session on conversation_rows (session_id, seq, ordinal)',
  );
  await knex.schema.raw(
    'create index if not exists conversation_rows_user_time on conversation_rows (user_id, created_at)',
  );
  await knex.schema.raw(`create table if not exists conversation_tags (
    user_id text not null,
    tag text not null,
    seq int8 not null,
    primary key (user_id, tag, seq))`);
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['conversation_tags', 'conversation_rows']) await knex.schema.dropTableIfExists(table);
}
