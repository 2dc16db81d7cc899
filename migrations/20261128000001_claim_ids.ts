import type { Knex } from 'knex';

/** `claim_id`: the request that claimed a running turn, so that the repeated request gets the same claim. Null: the claim
 *  was released. `takeovers`: how often a claim of the turn lapsed and another one took the turn over. Both are added
 *  without a rewrite of the table. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns add column if not exists claim_id uuid');
  await knex.schema.raw('alter table turns add column if not exists takeovers int4 not null default 0');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns drop column if exists takeovers');
  await knex.schema.raw('alter table turns drop column if exists claim_id');
}
