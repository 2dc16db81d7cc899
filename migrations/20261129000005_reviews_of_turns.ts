import type { Knex } from 'knex';
import { buildIndex, dropIndex, NO_TRANSACTION } from './support/indexes.ts';

export const config = NO_TRANSACTION;

/** A turn may have several reviews: one for each call of a tool that a person must approve, and one for its reply. */
export async function up(knex: Knex): Promise<void> {
  await buildIndex(knex, 'reviews_turn_all', 'reviews (turn_id)');
  await buildIndex(knex, 'reviews_kept', "reviews (kept_at) where status = 'pending' and kept_at is not null");
  await knex.schema.raw('drop index if exists reviews_turn cascade');
}

/** A version before this one has no reviews of calls. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw(
    "delete from review_events where review_id in (select review_id from reviews where kind <> 'reply')",
  );
  await knex.schema.raw("delete from reviews where kind <> 'reply'");
  await knex.schema.raw('create unique index if not exists reviews_turn on reviews (turn_id)');
  for (const name of ['reviews_kept', 'reviews_turn_all']) await dropIndex(knex, name);
}
