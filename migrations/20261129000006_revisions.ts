import type { Knex } from 'knex';
import { buildIndex, dropIndex, NO_TRANSACTION } from './support/indexes.ts';

export const config = NO_TRANSACTION;

/** `revision`: how many new drafts the review has got. The others are set while a new draft is being written: what was asked for,
 *  by whom and when, until when a worker holds the work, how often it was claimed, and the number of the last claim, which
 *  only grows. */
const COLUMNS = {
  revision: 'int4 not null default 0',
  revise_note: 'text',
  revise_by: 'text',
  revise_at: 'timestamptz',
  revise_until: 'timestamptz',
  revise_claims: 'int4 not null default 0',
  revise_epoch: 'int4 not null default 0',
};

/** A reviewer may ask for a new draft of a reply. */
export async function up(knex: Knex): Promise<void> {
  for (const [column, type] of Object.entries(COLUMNS))
    await knex.schema.raw(`alter table reviews add column if not exists ${column} ${type}`);
  // For the workers that write new drafts.
  await buildIndex(knex, 'reviews_drafting', 'reviews (revise_until) where revise_until is not null');
}

export async function down(knex: Knex): Promise<void> {
  await dropIndex(knex, 'reviews_drafting');
  for (const column of Object.keys(COLUMNS).toReversed())
    await knex.schema.raw(`alter table reviews drop column if exists ${column}`);
}
