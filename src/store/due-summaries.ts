// The table `due_summaries`: users with deliveries that their summary does not cover yet. analytics.ts adds them.
import type { Database, Statement } from './database.ts';

/** Skips rows that a count is changing: their users are not quiet. */
const TAKE_DUE: Statement = {
  name: 'due-summaries-take',
  sql: `with due as materialized (
          select user_id from due_summaries
          where due_at <= now() and quiet_since <= now() - ?::float8 * interval '1 second'
          order by due_at limit ? for update skip locked)
        update due_summaries set due_at = now() + ?::float8 * interval '1 second'
        where user_id in (select user_id from due) returning user_id, mark, traceparent`,
};

/** A summary that is due. `mark` is unique to the last delivery of the user. */
export interface DueSummary {
  readonly userId: string;
  readonly mark: string;
  readonly traceparent: string | null;
}

/** Takes summaries of users that had no delivery for `quietS` seconds. They are due again after `retryS` seconds, unless
 *  they were renewed. @throws Unavailable */
export async function takeDueSummaries(
  database: Database,
  { quietS, retryS, limit }: Readonly<Record<'quietS' | 'retryS' | 'limit', number>>,
): Promise<DueSummary[]> {
  const rows = await database.rows<{ user_id: string; mark: string; traceparent: string | null }>(TAKE_DUE, [
    quietS,
    limit,
    retryS,
  ]);
  return rows.map(({ user_id: userId, mark, traceparent }) => ({ userId, mark, traceparent }));
}

const MARKS: Statement = {
  name: 'due-summary-marks',
  sql: 'select user_id, mark from due_summaries where user_id = any(?::text[])',
};

async function marksOf(database: Database, userIds: readonly string[]): Promise<(string | null)[]> {
  const rows = await database.rows<{ user_id: string; mark: string }>(MARKS, [userIds]);
  const marks = new Map(rows.map((row) => [row.user_id, row.mark]));
  return userIds.map((userId) => marks.get(userId) ?? null);
}

/** The mark of the user's due summary; null: the summary covers all deliveries. @throws Unavailable */
export const dueSummaryMark = (database: Database, userId: string): Promise<string | null> =>
  database.batched('due-summary-mark', userId, marksOf);

/** Locks the rows in the order in which counts lock them. */
const RENEWED: Statement = {
  name: 'due-summaries-renewed',
  sql: `with renewed as materialized (
          select user_id from due_summaries
          where (user_id, mark) in (select user_id, mark from unnest(?::text[], ?::uuid[]) as r (user_id, mark))
          order by user_id for update)
        delete from due_summaries where user_id in (select user_id from renewed)`,
};

async function removeAll(database: Database, all: readonly Omit<DueSummary, 'traceparent'>[]): Promise<void[]> {
  await database.rows(RENEWED, [all.map(({ userId }) => userId), all.map(({ mark }) => mark)]);
  return all.map(() => {});
}

/** The summary covers all deliveries up to this mark: it is not due any more, unless there was another delivery.
 *  @throws Unavailable */
export const summaryRenewed = (database: Database, userId: string, mark: string): Promise<void> =>
  database.batched('summary-renewed', { userId, mark }, removeAll);
