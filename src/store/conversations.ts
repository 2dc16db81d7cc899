// Reads delivered messages: a session in order, a user's messages by filter, and the last exchanges for a prompt.
import type { ConversationFilter, ConversationRow } from '../domain/conversation.ts';
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
  sql: `select ${COLUMNS.join(', ')} from conversation_rows where session_id = ? order by seq, ordinal`,
};

/** The session's owner and its messages in order; null: the session does not exist. @throws Unavailable */
export async function sessionRows(
  database: Database,
  sessionId: string,
): Promise<{ userId: string; rows: ConversationRow[] } | null> {
  const [owner] = await database.rows<{ user_id: string }>(OWNER, [sessionId]);
  if (!owner) return null;
  const rows = await database.rows<Row>(SESSION, [sessionId]);
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

const LAST_OF_USER: Statement = {
  name: 'last-of-user',
  sql: `select asked.n, last.* from unnest(?::text[], ?::int8[]) with ordinality as asked (user_id, after_seq, n)
        cross join lateral (
          select ${COLUMNS.join(', ')} from conversation_rows c where c.user_id = asked.user_id and c.seq > asked.after_seq
          order by c.seq desc, c.ordinal desc limit ?) last`,
};

interface LastOfUserRequest {
  readonly userId: string;
  readonly afterSeq: number;
  readonly exchanges: number;
}

async function lastOfUsers(database: Database, requests: readonly LastOfUserRequest[]): Promise<ConversationRow[][]> {
  const rows = await database.rows<Row & { n: number }>(LAST_OF_USER, [
    requests.map(({ userId }) => userId),
    requests.map(({ afterSeq }) => afterSeq),
    requests[0]!.exchanges * 2,
  ]);
  const byRequest = Map.groupBy(rows, (row) => row.n);
  return requests.map((_, index) => inOrder((byRequest.get(index + 1) ?? []).map(rowOf)));
}

/** The last `exchanges` of a user over all sessions, after `afterSeq`, oldest first. @throws Unavailable */
export const lastOfUser = (
  database: Database,
  userId: string,
  afterSeq: number,
  exchanges: number,
): Promise<ConversationRow[]> => database.batched('last-of-user', { userId, afterSeq, exchanges }, lastOfUsers);

const LAST_SEQ: Statement = { name: 'last-seq', sql: 'select last_seq from users where user_id = ?' };

/** The user's highest seq; 0: none. @throws Unavailable */
export async function lastSeq(database: Database, userId: string): Promise<number> {
  const [row] = await database.rows<{ last_seq: number }>(LAST_SEQ, [userId]);
  return row?.last_seq ?? 0;
}
