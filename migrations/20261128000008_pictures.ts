import type { Knex } from 'knex';

/** The pictures of the messages, which are read only for turns that have some. A picture has an address (`url`), or a type and
 *  bytes. The key begins with the user, for the export and the erasure. `turns.pictures`: how many a turn has; null: none. It is
 *  added without a rewrite of the table. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns add column if not exists pictures int4');
  await knex.schema.raw(`create table if not exists turn_pictures (
    user_id text not null,
    turn_id uuid not null,
    ordinal int2 not null,
    url text,
    media_type text,
    bytes bytea,
    detail text,
    primary key (user_id, turn_id, ordinal))`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('turn_pictures');
  await knex.schema.raw('alter table turns drop column if exists pictures');
}
