import type { Knex } from 'knex';
import { buildIndex, dropIndex, NO_TRANSACTION } from './support/indexes.ts';

export const config = NO_TRANSACTION;

const COLUMNS = [
  'revision',
  'revise_note',
  'revise_by',
  'revise_at',
  'revise_until',
  'revise_claims',
  'revise_epoch',
] as const;

/** A reviewer may ask for a new draft of a reply. `revision`: how many new drafts the review has got. The other columns are set
 *  while one is being written: what was asked for, by whom and when, until when a worker holds the work, how often it was
 *  claimed, and the number of the last claim, which only grows. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table reviews add column if not exists revision int4 not null default 0');
  await knex.schema.raw('alter table reviews add column if not exists revise_note text');
  await knex.schema.raw('alter table reviews add column if not exists revise_by text');
  await knex.schema.raw('alter table reviews add column if not exists revise_at timestamptz');
  await knex.schema.raw('alter table reviews add column if not exists revise_until timestamptz');
  await knex.schema.raw('alter table reviews add column if not exists revise_claims int4 not null default 0');
  await knex.schema.raw('alter table reviews add column if not exists revise_epoch int4 not null default 0');
  // For the workers that write new drafts.
  await buildIndex(knex, 'reviews_drafting', 'reviews (revise_until) where revise_until is not null');
}

export async function down(knex: Knex): Promise<void> {
  await dropIndex(knex, 'reviews_drafting');
  for (const column of COLUMNS.toReversed())
    await knex.schema.raw(`alter table reviews drop column if exists ${column}`);
}
