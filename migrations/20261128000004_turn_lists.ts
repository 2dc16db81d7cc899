import type { Knex } from 'knex';
import { buildIndex, dropIndex, NO_TRANSACTION } from './support/indexes.ts';

export const config = NO_TRANSACTION;

/** For lists of a user's turns by status or session. They leave out queued and running turns, which `turns_unfinished`
 *  has: so a turn enters each of them once, and not with every change. */
export async function up(knex: Knex): Promise<void> {
  await buildIndex(knex, 'turns_user_status', "turns (user_id, status, seq) where status not in ('queued', 'running')");
  await buildIndex(knex, 'turns_session', "turns (session_id, seq) where status not in ('queued', 'running')");
}

export async function down(knex: Knex): Promise<void> {
  for (const name of ['turns_session', 'turns_user_status']) await dropIndex(knex, name);
}
