import type { Knex } from 'knex';
import { buildIndex, dropIndex, NO_TRANSACTION } from './support/indexes.ts';

export const config = NO_TRANSACTION;

/** A reviewer may ask for a new draft of a reply. `revision`: how many the review has got. The other columns are set while one is
 *  being written: what was asked for, the name of the reviewer and the time, until when a worker holds the work, how often it was claimed, and the
 *  number of the last claim, which only grows. */
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

const COLUMNS = 'revise_epoch revise_claims revise_until revise_at revise_by revise_note revision'.split(' ');

export async function down(knex: Knex): Promise<void> {
  await dropIndex(knex, 'reviews_drafting');
  for (const column of COLUMNS) await knex.schema.raw(`alter table reviews drop column if exists ${column}`);
}
