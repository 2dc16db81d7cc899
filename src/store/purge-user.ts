// Removes every row of a user, in transactions of at most a thousand rows, so that no lock is held for long. The counts
// stay, without the user id.
import { PURGE_CHARGES, PURGE_WINDOWS } from './budgets/charges.ts';
import type { Database, Queries, Statement } from './database.ts';

const BATCH = 1_000;

/** Accepts of the user wait for this lock, even if the user has no row yet. An accept that read the rows before it had
 *  the lock notices the new version. */
const LOCK_USER: Statement = {
  name: 'purge-lock-user',
  sql: `insert into users (user_id, version) values (?, 1) on conflict (user_id) do update set version = users.version + 1`,
};

/** Orders this transaction and the accepts of the user. */
export async function lockUser(queries: Queries, userId: string): Promise<void> {
  await queries.rows(LOCK_USER, [userId]);
}

const UNFINISHED: Statement = {
  name: 'purge-unfinished',
  sql: `select turn_id from turns where user_id = ? and status in ('queued', 'running')
        union all select turn_id from turns where user_id = ? and status = 'awaiting_review' limit ?`,
};
const TURNS: Statement = { name: 'purge-some-turns', sql: 'select turn_id from turns where user_id = ? limit ?' };

/** Commits, decisions, counts and claims of reviews all lock the row of their turn or review. So they run before this,
 *  or find that the row is missing. Returns the turns that a worker may still run, or whose deltas a client may still
 *  read. */
const LOCK_TURNS: Statement = {
  name: 'purge-lock-turns',
  sql: `with locked as materialized (
          select turn_id, finished_at from turns where turn_id = any(?::uuid[]) order by turn_id for update)
        select turn_id from locked where finished_at is null or finished_at > now() - interval '10 minutes'`,
};
const LOCK_REVIEWS: Statement = {
  name: 'purge-lock-reviews',
  sql: 'select review_id from reviews where turn_id = any(?::uuid[]) order by review_id for update',
};

const OF_TURNS = 'where turn_id = any(?::uuid[])';
/** In this order: rows that are found through other rows come first. */
const DELETES_OF_TURNS = [
  { name: 'purge-kept-decisions', sql: `delete from kept_decisions ${OF_TURNS}` },
  { name: 'purge-turn-steps', sql: `delete from turn_steps ${OF_TURNS}` },
  { name: 'purge-uncounted-turns', sql: `delete from uncounted_turns ${OF_TURNS}` },
  {
    name: 'purge-review-events',
    sql: `delete from review_events where review_id in (select review_id from reviews ${OF_TURNS})`,
  },
  { name: 'purge-reviews', sql: `delete from reviews ${OF_TURNS}` },
  { name: 'purge-turns', sql: `delete from turns ${OF_TURNS}` },
] satisfies readonly Statement[];

/** A picture has up to 8 MiB, which the database removes in pieces of 2 kB. */
const PICTURES_BATCH = 20;

/** The other tables with data of a user, their primary keys, and how many rows are removed at once. */
const TABLES: readonly (readonly [table: string, key: string, batch?: number])[] = [
  ['sessions', 'session_id'],
  ['conversation_tags', 'user_id, tag, seq'],
  ['conversation_rows', 'user_id, seq, ordinal'],
  ['turn_pictures', 'user_id, turn_id, ordinal', PICTURES_BATCH],
  ['outbox', 'event_id'],
  // Before the webhooks, so that a sender that records an attempt finds no row.
  ['webhook_deliveries', 'delivery_id'],
  ['webhooks', 'webhook_id'],
  ['joined_keys', 'user_id, idempotency_key'],
  ['user_grants', 'user_id'],
  ['due_summaries', 'user_id'],
  ['message_counts', 'user_id'],
];

const DELETES: readonly (Statement & { readonly batch: number })[] = TABLES.map(
  ([table, key, batch = BATCH]): Statement & { readonly batch: number } => ({
    name: `purge-${table}`,
    sql: `delete from ${table} where (${key}) in (select ${key} from ${table} where user_id = ? limit ?) returning 1 as removed`,
    batch,
  }),
).concat([PURGE_CHARGES, PURGE_WINDOWS].map((statement) => ({ ...statement, batch: BATCH })));

/** Moves the counts to the empty user id, which no user has. So the totals of all users stay the same. */
const KEEP_NUMBERS: Statement = {
  name: 'purge-keep-numbers',
  sql: `insert into analytics_days (user_id, day, status, turns, reviewed, input_tokens, output_tokens, first_at, last_at)
        select '', day, status, turns, reviewed, input_tokens, output_tokens, first_at, last_at from analytics_days
        where user_id = ? order by day, status
        on conflict (user_id, day, status) do update
        set turns = analytics_days.turns + excluded.turns, reviewed = analytics_days.reviewed + excluded.reviewed,
            input_tokens = analytics_days.input_tokens + excluded.input_tokens,
            output_tokens = analytics_days.output_tokens + excluded.output_tokens,
            first_at = least(analytics_days.first_at, excluded.first_at),
            last_at = greatest(analytics_days.last_at, excluded.last_at)`,
};
const REMOVE_NUMBERS: Statement = {
  name: 'purge-analytics-days',
  sql: 'delete from analytics_days where user_id = ?',
};

const FORGET_USER: Statement = { name: 'purge-users', sql: 'delete from users where user_id = ?' };

/** Removes the row that the accepts of the user lock. Part of the transaction that completes the erasure: while the
 *  erasure runs, an accept must find the row to notice the erasure. */
export async function forgetUser(queries: Queries, userId: string): Promise<void> {
  await queries.rows(FORGET_USER, [userId]);
}

/** Part of the transaction of every batch. `turnIds`: removed turns that may still be in use. */
export type RecordBatch = (queries: Queries, turnIds: readonly string[]) => Promise<void>;

/** Removes a batch of turns with their reviews. Null: there were none. Two purges of a user may choose the same turns:
 *  the second one waits for the first, finds nothing, and continues with others. */
async function purgeTurns(database: Database, of: readonly [Statement, ...string[]], record: RecordBatch) {
  const [statement, ...users] = of;
  const rows = await database.rows<{ turn_id: string }>(statement, [...users, BATCH]);
  if (rows.length === 0) return null;
  const turnIds = rows.map((row) => row.turn_id);
  return database.transaction(async (queries) => {
    const inUse = await queries.rows<{ turn_id: string }>(LOCK_TURNS, [turnIds]);
    await queries.rows(LOCK_REVIEWS, [turnIds]);
    for (const each of DELETES_OF_TURNS) await queries.rows(each, [turnIds]);
    const ids = inUse.map((row) => row.turn_id);
    await record(queries, ids);
    return ids;
  });
}

/** Removes the turns that running work could still change. Afterwards such work finds no row and writes nothing. Returns
 *  their ids. @throws Unavailable */
export async function purgeUnfinished(database: Database, userId: string, record: RecordBatch): Promise<string[]> {
  const removed: string[] = [];
  for (;;) {
    const batch = await purgeTurns(database, [UNFINISHED, userId, userId], record);
    if (batch === null) return removed;
    removed.push(...batch);
  }
}

/** Removes the rows of the user except the one that accepts lock, until none is left or `until` (performance.now()) has
 *  passed. Returns the ids of turns that may still be in use. It does not remove actor state, which only the actor
 *  writes. @throws Unavailable */
export async function purgeUser(
  database: Database,
  userId: string,
  record: RecordBatch,
  until = Infinity,
): Promise<string[]> {
  const removed: string[] = [];
  const isOver = () => performance.now() > until;
  for (let batch: string[] | null; !isOver() && (batch = await purgeTurns(database, [TURNS, userId], record));)
    removed.push(...batch);
  if (isOver()) return removed;
  // Only the statements that count turns write these rows, and all turns are gone.
  await database.transaction(async (queries) => {
    await queries.rows(KEEP_NUMBERS, [userId]);
    await queries.rows(REMOVE_NUMBERS, [userId]);
  });
  for (const statement of DELETES) {
    for (let full = true; full && !isOver();) {
      full = await database.transaction(async (queries) => {
        const rows = await queries.rows(statement, [userId, statement.batch]);
        if (rows.length > 0) await record(queries, []);
        return rows.length === statement.batch;
      });
    }
  }
  return removed;
}
