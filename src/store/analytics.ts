// What is derived from delivered turns: counters by user and day, the number of messages that a user has sent, and which
// summaries are due.
import { newId } from '../domain/ids.ts';
import type { Activity } from '../domain/statistics.ts';
import type { TurnStatus } from '../domain/turn.ts';
import type { Database, Statement } from './database.ts';

/** The data that is derived from delivered turns. The row in `uncounted_turns` is removed together with counting, so a
 *  turn is counted once however often this runs. The rows of the turns are locked, so an erasure runs before this (then
 *  there is nothing to count) or after this (then it removes the counts). All statements that lock several rows lock
 *  turns, uncounted turns, days and counts in this order, each in the order of its key; otherwise they could wait for
 *  each other. `case`, because a plan that was made while the indexes by status were empty would read all of them for each
 *  turn. */
const COUNT: Statement = {
  name: 'count-turns',
  sql: `with present as materialized (
          select turn_id from turns where turn_id = any(?::uuid[]) order by turn_id for key share),
        locked as materialized (
          select turn_id from uncounted_turns
          where turn_id = any(?::uuid[]) and (select count(*) from present) >= 0 order by turn_id for update),
        fresh as (
          delete from uncounted_turns where turn_id = any(?::uuid[]) and (select count(*) from locked) > 0 returning turn_id),
        counted as materialized (
          select t.user_id, (t.finished_at at time zone 'UTC')::date as day, count(*) as turns,
                 coalesce(sum(t.input_tokens), 0)::int8 as input_tokens,
                 coalesce(sum(t.output_tokens), 0)::int8 as output_tokens,
                 min(t.finished_at) as first_at, max(t.finished_at) as last_at, max(traced.traceparent) as traceparent
          from fresh join turns t on t.turn_id = fresh.turn_id
          left join unnest(?::uuid[], ?::text[]) as traced (turn_id, traceparent) on traced.turn_id = fresh.turn_id
          where case t.status when 'completed' then true else false end group by 1, 2),
        days as (
          insert into analytics_days (user_id, day, status, turns, reviewed, input_tokens, output_tokens, first_at, last_at)
          select user_id, day, 'completed', turns, 0, input_tokens, output_tokens, first_at, last_at from counted order by user_id, day
          on conflict (user_id, day, status) do update
          set turns = analytics_days.turns + excluded.turns,
              input_tokens = analytics_days.input_tokens + excluded.input_tokens,
              output_tokens = analytics_days.output_tokens + excluded.output_tokens,
              first_at = least(analytics_days.first_at, excluded.first_at),
              last_at = greatest(analytics_days.last_at, excluded.last_at)
          returning user_id),
        counts as (
          insert into message_counts (user_id, sent)
          select user_id, sum(turns)::int8 from counted where (select count(*) from days) > 0 group by user_id order by user_id
          on conflict (user_id) do update set sent = message_counts.sent + excluded.sent
          returning user_id)
        insert into due_summaries (user_id, mark, due_at, quiet_since, traceparent)
        select user_id, ?::uuid, now(), now(), max(traceparent) from counted
        where (select count(*) from counts) > 0 group by user_id order by user_id
        on conflict (user_id) do update
        set mark = excluded.mark, due_at = least(due_summaries.due_at, excluded.due_at),
            quiet_since = excluded.quiet_since, traceparent = excluded.traceparent`,
};

interface TurnsToCount {
  readonly turnIds: readonly string[];
  readonly traceparent: string | null;
}

async function countAll(database: Database, all: readonly TurnsToCount[]): Promise<void[]> {
  const turnIds = all.flatMap((each) => each.turnIds);
  const traced = all
    .filter(({ traceparent }) => traceparent !== null)
    .flatMap(({ turnIds: ids, traceparent }) => ids.map((turnId) => ({ turnId, traceparent })));
  await database.rows(COUNT, [
    turnIds,
    turnIds,
    turnIds,
    traced.map(({ turnId }) => turnId),
    traced.map(({ traceparent }) => traceparent),
    newId(),
  ]);
  return all.map(() => {});
}

/** Counts these delivered turns, each once, however often this is called, and marks the summaries of their users as due.
 *  `traceparent`: the renewals of the summaries continue this trace. @throws Unavailable */
export const countTurns = (
  database: Database,
  turnIds: readonly string[],
  traceparent: string | null = null,
): Promise<void> => database.batched('count-turns', { turnIds, traceparent }, countAll);

/** A row of `uncounted_turns` whose event is probably lost, or waits in its topic for long. */
export const IS_LEFT_OVER = "created_at < now() - interval '10 seconds'";
const UNCOUNTED: Statement = {
  name: 'uncounted-turns',
  sql: `select turn_id from uncounted_turns where ${IS_LEFT_OVER} order by created_at limit ?`,
};

const PAGE = 500;

/** Counts the turns that nobody has counted for a while. @throws Unavailable */
export async function countLeftOver(database: Database): Promise<void> {
  for (;;) {
    const rows = await database.rows<{ turn_id: string }>(UNCOUNTED, [PAGE]);
    const turnIds = rows.map((row) => row.turn_id);
    if (turnIds.length > 0) await countTurns(database, turnIds);
    if (turnIds.length < PAGE) return;
  }
}

const INITIALIZE: Statement = {
  name: 'analytics-initialize',
  sql: `insert into message_counts (user_id, sent) values (?, ?)
        on conflict (user_id) do update set sent = excluded.sent`,
};

/** Sets the number of messages that the user has sent. @throws Unavailable */
export async function setMessageCount(database: Database, userId: string, messageCount: number): Promise<void> {
  await database.rows(INITIALIZE, [userId, messageCount]);
}

interface CounterRow {
  readonly day: string;
  readonly status: TurnStatus;
  readonly turns: number;
  readonly reviewed: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly first_at: Date;
  readonly last_at: Date;
}

function activityOf(rows: readonly CounterRow[], messageCount: number): Activity {
  const sum = (of: (row: CounterRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const times = (of: (row: CounterRow) => Date) => rows.map((row) => of(row).getTime());
  return {
    messageCount,
    byStatus: Object.fromEntries(rows.map(({ status, turns }) => [status, turns])),
    reviewed: sum((row) => row.reviewed),
    inputTokens: sum((row) => row.input_tokens),
    outputTokens: sum((row) => row.output_tokens),
    firstAt: rows.length === 0 ? null : new Date(Math.min(...times((row) => row.first_at))),
    lastAt: rows.length === 0 ? null : new Date(Math.max(...times((row) => row.last_at))),
  };
}

const SUMS = `sum(turns)::int8 as turns, sum(reviewed)::int8 as reviewed, sum(input_tokens)::int8 as input_tokens,
  sum(output_tokens)::int8 as output_tokens, min(first_at) as first_at, max(last_at) as last_at`;

/** A row without this counts only failures that were retried. */
const COUNTS = 'turns + reviewed > 0';

const OF_USER: Statement = {
  name: 'analytics-of-user',
  sql: `select '' as day, status, ${SUMS} from analytics_days where user_id = ? and ${COUNTS} group by status`,
};
const UNFINISHED: Statement = {
  name: 'analytics-unfinished',
  sql: `select status, count(*) as turns from turns where user_id = ? and status in ('queued', 'running') group by status
        union all select 'awaiting_review', count(*) from reviews where user_id = ? and status = 'pending'`,
};
const MESSAGES: Statement = { name: 'analytics-messages', sql: 'select sent from message_counts where user_id = ?' };

/** The activity of one user. `byStatus` includes turns that are not final. @throws Unavailable */
export async function activityOfUser(database: Database, userId: string): Promise<Activity> {
  const [rows, unfinished, messages] = await Promise.all([
    database.rows<CounterRow>(OF_USER, [userId]),
    database.rows<{ status: TurnStatus; turns: number }>(UNFINISHED, [userId, userId]),
    database.rows<{ sent: number }>(MESSAGES, [userId]),
  ]);
  const activity = activityOf(rows, messages[0]?.sent ?? 0);
  const unfinishedByStatus = Object.fromEntries(unfinished.map(({ status, turns }) => [status, turns]));
  return { ...activity, byStatus: { ...activity.byStatus, ...unfinishedByStatus } };
}

const BY_DAY: Statement = {
  name: 'analytics-by-day',
  sql: `select to_char(day, 'YYYY-MM-DD') as day, status, ${SUMS} from analytics_days
        where day >= ?::date and day <= ?::date and ${COUNTS} group by analytics_days.day, status order by 1`,
};

/** The activity of all users by day, oldest first. The message count of a day is the number of its delivered turns.
 *  @throws Unavailable */
export async function activityByDay(
  database: Database,
  from: string,
  to: string,
): Promise<(Activity & { day: string })[]> {
  const rows = await database.rows<CounterRow>(BY_DAY, [from, to]);
  return [...Map.groupBy(rows, (row) => row.day)].map(([day, ofDay]) => ({
    day,
    ...activityOf(ofDay, ofDay.find((row) => row.status === 'completed')?.turns ?? 0),
  }));
}
