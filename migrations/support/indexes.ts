// Builds indexes of tables that may be huge, while other transactions write to them. In a folder of its own, because
// knex takes every file of migrations/ for a migration.
import type { Knex } from 'knex';

/** For `export const config`: the migration runs outside a transaction, as `concurrently` requires. */
export const NO_TRANSACTION = { transaction: false };

const isPostgres = ({ client }: Knex): boolean => (client.config as Knex.Config).client === 'pg';

/** Whether an interrupted build has left the index. PostgreSQL keeps such an index up to date, but never uses it. */
async function isInvalid(knex: Knex, name: string): Promise<boolean> {
  const sql = 'select 1 from pg_index where indexrelid = to_regclass(?) and not indisvalid';
  const { rows } = await knex.raw<{ rows: unknown[] }>(sql, [name]);
  return rows.length > 0;
}

/** Creates the index `name` on `definition`, such as `turns (user_id, seq)`, and leaves a valid one as it is. PostgreSQL
 *  builds it without blocking writers; it waits for the transactions that are open, so it may take as long as the longest
 *  of them. An invalid index is built again, because `if not exists` would accept it. CockroachDB builds every index in
 *  the background, and removes one whose build failed. */
export async function buildIndex(knex: Knex, name: string, definition: string): Promise<void> {
  if (!isPostgres(knex)) return void (await knex.raw(`create index if not exists ${name} on ${definition}`));
  if (await isInvalid(knex, name)) await dropIndex(knex, name);
  await knex.raw(`create index concurrently if not exists ${name} on ${definition}`);
}

/** Drops the index, if it exists, without blocking writers. CockroachDB drops a unique index only with `cascade`. */
export async function dropIndex(knex: Knex, name: string): Promise<void> {
  await knex.raw(
    isPostgres(knex) ? `drop index concurrently if exists ${name}` : `drop index if exists ${name} cascade`,
  );
}
