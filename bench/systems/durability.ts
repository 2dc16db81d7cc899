// Asserts that commits are flushed to disk. Without it a measurement is worth nothing.
import type { Database } from '../../src/store/database.ts';

const SETTINGS = {
  name: 'bench-durability',
  sql: `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')`,
};
/** Settings can belong to a role or a database, so a session that shares both has the same ones. */
const OTHERS = {
  name: 'bench-sessions',
  sql: `select count(*) filter (where usename = current_user and datname = current_database()) as ours,
               count(*) filter (where usename <> current_user or datname <> current_database()) as others
        from pg_stat_activity where application_name = 'turnkeeper' and pid <> pg_backend_pid()`,
};
/** A session with synchronous_commit off leaves the flush of its commits to the WAL writer. */
const FLUSHES = {
  name: 'bench-flushes',
  sql: `select coalesce(sum(fsyncs), 0) as flushes from pg_stat_io where object = 'wal' and backend_type = 'client backend'`,
};
/** Turns share flushes. This is far below what any load needs. */
const TURNS_PER_FLUSH = 50;

/** Checks the settings that the sessions of a pool have. @throws if a commit is not flushed before it is acknowledged */
export async function assertDurable(database: Database): Promise<void> {
  const rows = await database.rows<{ name: string; setting: string }>(SETTINGS, []);
  const off = rows.filter(({ setting }) => setting !== 'on').map(({ name, setting }) => `${name} is ${setting}`);
  if (off.length > 0 || rows.length !== 3) throw new Error(`commits are not durable: ${off.join(', ')}`);
}

/** Checks the sessions of the server itself after `turns` turns. @throws if their commits are not flushed */
export async function assertSessionsFlush(database: Database, turns: number): Promise<void> {
  await assertDurable(database);
  const [sessions] = await database.rows<{ ours: number; others: number }>(OTHERS, []);
  if (sessions!.ours === 0 || sessions!.others > 0)
    throw new Error(`the server has ${sessions!.ours} sessions as this one and ${sessions!.others} others`);
  const [{ flushes } = { flushes: 0 }] = await database.rows<{ flushes: number | string }>(FLUSHES, []);
  if (Number(flushes) < turns / TURNS_PER_FLUSH)
    throw new Error(`the sessions of the server flushed ${flushes} times in ${turns} turns`);
}
