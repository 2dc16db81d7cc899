// Removes every row of a user. The counts stay, without the user id.
import type { Queries, Statement } from './database.ts';

/** Accepts of the user wait for this lock, even if the user has no row yet. An accept that read the rows before it had
 *  the lock notices the new version. */
const LOCK_USER: Statement = {
  name: 'purge-lock-user',
  sql: `insert into users (user_id, version) values (?, 1) on conflict (user_id) do update set version = users.version + 1`,
};

/** Commits, decisions, counts and claims of reviews all lock the row of their turn or review. So they run before this,
 *  or find that the row is missing. Returns the turns that a worker may still run, or whose deltas a client may still
 *  read. */
const LOCK_TURNS: Statement = {
  name: 'purge-lock-turns',
  sql: `with locked as (select turn_id, status, finished_at from turns where user_id = ? order by turn_id for update)
        select turn_id from locked where finished_at is null or finished_at > now() - interval '10 minutes'`,
};
const LOCK_REVIEWS: Statement = {
  name: 'purge-lock-reviews',
  sql: 'select review_id from reviews where user_id = ? for update',
};

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

const OF_TURNS = 'where turn_id in (select turn_id from turns where user_id = ?)';
const OF_REVIEWS = 'where review_id in (select review_id from reviews where user_id = ?)';
const OF_USER = 'where user_id = ?';

/** All tables with data of a user. Tables whose rows are found through other tables come first. */
const TABLES: readonly (readonly [table: string, which: string])[] = [
  ['kept_decisions', OF_TURNS],
  ['counted_turns', OF_TURNS],
  ['review_events', OF_REVIEWS],
  ['reviews', OF_USER],
  ['conversation_tags', OF_USER],
  ['conversation_rows', OF_USER],
  ['outbox', OF_USER],
  // Before the webhooks, so that a sender that records an attempt finds no row.
  ['webhook_deliveries', OF_USER],
  ['webhooks', OF_USER],
  ['joined_keys', OF_USER],
  ['sessions', OF_USER],
  ['analytics_days', OF_USER],
  ['message_counts', OF_USER],
  ['user_grants', OF_USER],
  ['turns', OF_USER],
];

const DELETES = TABLES.map(([table, which]): Statement => ({
  name: `purge-${table}`,
  sql: `delete from ${table} ${which}`,
}));

const FORGET_USER: Statement = { name: 'purge-users', sql: `delete from users ${OF_USER}` };

/** Removes the row that the accepts of the user lock. Part of the transaction that completes the erasure: while the
 *  erasure runs, an accept must find the row to notice the erasure. */
export async function forgetUser(queries: Queries, userId: string): Promise<void> {
  await queries.rows(FORGET_USER, [userId]);
}

/** Removes all rows of the user except the one that accepts lock; part of a transaction. Returns the ids of turns that
 *  may still be in use. It does not remove actor state, which only the actor writes. */
export async function purgeUser(queries: Queries, userId: string): Promise<string[]> {
  await queries.rows(LOCK_USER, [userId]);
  const turns = await queries.rows<{ turn_id: string }>(LOCK_TURNS, [userId]);
  await queries.rows(LOCK_REVIEWS, [userId]);
  await queries.rows(KEEP_NUMBERS, [userId]);
  for (const statement of DELETES) await queries.rows(statement, [userId]);
  return turns.map((row) => row.turn_id);
}
