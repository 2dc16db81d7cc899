// Reads delivered messages: a session in order, a user's messages by filter, and the last exchanges for a prompt. Also the
// table `due_summaries`: users with deliveries that their summary does not cover yet (analytics.ts adds them).
import type { ConversationFilter, ConversationPosition, ConversationRow } from '../domain/conversation.ts';
import type { Database, Statement } from './database.ts';

interface Row {
  readonly turn_id: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly ordinal: number;
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly tags: string[];
  readonly metadata: Record<string, unknown>;
  readonly created_at: Date;
}

const COLUMNS = [
  'turn_id',
  'user_id',
  'session_id',
  'seq',
  'ordinal',
  'role',
  'content',
  'tags',
  'metadata',
  'created_at',
] as const;

const rowOf = (row: Row): ConversationRow => ({
  turnId: row.turn_id,
  userId: row.user_id,
  sessionId: row.session_id,
  seq: row.seq,
  ordinal: row.ordinal,
  role: row.role,
  content: row.content,
  tags: row.tags,
  metadata: row.metadata,
  createdAt: row.created_at,
});

const OWNER: Statement = { name: 'session-owner', sql: 'select user_id from sessions where session_id = ?' };
const SESSION: Statement = {
  name: 'session-rows',
  sql: `select ${COLUMNS.join(', ')} from conversation_rows where session_id = ? and (seq, ordinal) > (?::int8, ?::int2)
        order by seq, ordinal limit ?`,
};
const BEFORE_ALL: ConversationPosition = { seq: 0, ordinal: 0 };

/** The session's owner and a page of its messages in order, at most `limit` after `after`; null: the session does not
 *  exist. @throws Unavailable */
export async function sessionRows(
  database: Database,
  sessionId: string,
  { after = BEFORE_ALL, limit }: Pick<ConversationFilter, 'after' | 'limit'>,
): Promise<{ userId: string; rows: ConversationRow[] } | null> {
  const [owner] = await database.rows<{ user_id: string }>(OWNER, [sessionId]);
  if (!owner) return null;
  const rows = await database.rows<Row>(SESSION, [sessionId, after.seq, after.ordinal, limit]);
  return { userId: owner.user_id, rows: rows.map(rowOf) };
}

/** A user's messages, oldest first. @throws Unavailable */
export async function userRows(
  database: Database,
  userId: string,
  filter: ConversationFilter,
): Promise<ConversationRow[]> {
  const rows = await database.query<Row[]>((builder) => {
    const query = builder<Row>('conversation_rows')
      .select(COLUMNS)
      .where('user_id', userId)
      .orderBy(['seq', 'ordinal'])
      .limit(filter.limit);
    if (filter.tag !== undefined) {
      void query.whereIn('seq', builder('conversation_tags').select('seq').where({ user_id: userId, tag: filter.tag }));
    }
    if (filter.sessionId !== undefined) void query.andWhere('session_id', filter.sessionId);
    if (filter.from !== undefined) void query.andWhere('created_at', '>=', filter.from);
    if (filter.to !== undefined) void query.andWhere('created_at', '<', filter.to);
    if (filter.after !== undefined)
      void query.andWhereRaw('(seq, ordinal) > (?, ?)', [filter.after.seq, filter.after.ordinal]);
    return query as unknown as Promise<Row[]>;
  });
  return rows.map(rowOf);
}

const LAST_OF_SESSION: Statement = {
  name: 'last-of-session',
  sql: `select last.* from unnest(?::uuid[]) as asked (session_id) cross join lateral (
          select ${COLUMNS.join(', ')} from conversation_rows c where c.session_id = asked.session_id
          order by c.seq desc, c.ordinal desc limit ?) last`,
};

const inOrder = (rows: readonly ConversationRow[]) => rows.toSorted((a, b) => a.seq - b.seq || a.ordinal - b.ordinal);

interface LastRequest {
  readonly sessionId: string;
  readonly exchanges: number;
}

async function lastOfAll(database: Database, requests: readonly LastRequest[]): Promise<ConversationRow[][]> {
  const sessions = [...new Set(requests.map(({ sessionId }) => sessionId))];
  // All callers in a process request the same number of exchanges.
  const rows = await database.rows<Row>(LAST_OF_SESSION, [sessions, requests[0]!.exchanges * 2]);
  const bySession = Map.groupBy(rows.map(rowOf), (row) => row.sessionId);
  return requests.map(({ sessionId }) => inOrder(bySession.get(sessionId) ?? []));
}

/** The last `exchanges` (user and assistant) of a session, oldest first. @throws Unavailable */
export async function lastOfSession(
  database: Database,
  sessionId: string,
  exchanges: number,
): Promise<ConversationRow[]> {
  return exchanges === 0 ? [] : database.batched('last-of-session', { sessionId, exchanges }, lastOfAll);
}

/** In the order in which they were delivered. A reply that was approved late comes after younger turns. */
const LAST_DELIVERED: Statement = {
  name: 'last-delivered',
  sql: `select asked.n, last.* from unnest(?::text[]) with ordinality as asked (user_id, n)
        cross join lateral (
          select ${COLUMNS.join(', ')} from conversation_rows c where c.user_id = asked.user_id
          order by c.user_id desc, c.created_at desc, c.seq desc, c.ordinal desc limit ?) last
        order by asked.n, last.created_at, last.seq, last.ordinal`,
};

interface LastDeliveredRequest {
  readonly userId: string;
  readonly exchanges: number;
}

async function lastOfUsers(
  database: Database,
  requests: readonly LastDeliveredRequest[],
): Promise<ConversationRow[][]> {
  const rows = await database.rows<Row & { n: number }>(LAST_DELIVERED, [
    requests.map(({ userId }) => userId),
    // All callers in a process request the same number of exchanges.
    requests[0]!.exchanges * 2,
  ]);
  const byRequest = Map.groupBy(rows, (row) => row.n);
  return requests.map((_, index) => (byRequest.get(index + 1) ?? []).map(rowOf));
}

/** The exchanges of a user over all sessions that were delivered last, in the order of their delivery.
 *  @throws Unavailable */
export const lastDelivered = (database: Database, userId: string, exchanges: number): Promise<ConversationRow[]> =>
  database.batched('last-delivered', { userId, exchanges }, lastOfUsers);

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

const LAST_SEQ: Statement = { name: 'last-seq', sql: 'select last_seq from users where user_id = ?' };

/** The user's highest seq; 0: none. @throws Unavailable */
export async function lastSeq(database: Database, userId: string): Promise<number> {
  const [row] = await database.rows<{ last_seq: number }>(LAST_SEQ, [userId]);
  return row?.last_seq ?? 0;
}
