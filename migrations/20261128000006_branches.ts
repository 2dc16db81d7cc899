import type { Knex } from 'knex';
import { buildIndex, dropIndex, NO_TRANSACTION } from './support/indexes.ts';

export const config = NO_TRANSACTION;

/** `follows`: the delivered turn that was the last one in the turn's prompt. Null in older rows, for which it is unknown.
 *  `branch_path`: the turns that a branch continues, for the turn that opened it (domain/branch.ts). Both are added without
 *  a rewrite of the table. The index contains only turns that opened a branch. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns add column if not exists follows uuid');
  await knex.schema.raw('alter table turns add column if not exists branch_path jsonb');
  await buildIndex(knex, 'turns_branches', 'turns (session_id, seq) where branch_path is not null');
}

export async function down(knex: Knex): Promise<void> {
  await dropIndex(knex, 'turns_branches');
  await knex.schema.raw('alter table turns drop column if exists branch_path');
  await knex.schema.raw('alter table turns drop column if exists follows');
}
