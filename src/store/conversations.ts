// Reads delivered messages: a session in order, a user's messages by filter, and the last exchanges for a
// prompt.
import { rangesOf, type Opener } from '../domain/branch.ts';
import type {
  ConversationFilter,
  ConversationPosition,
  ConversationRow,
  SessionBranch,
  SessionPage,
} from '../domain/conversation.ts';
import type { Turn } from '../domain/turn.ts';
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
  readonly journal: number | null;
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
  'journal',
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
  journal: row.journal,
});

const SESSION_FACTS: Statement = {
  name: 'session-facts',
  sql: `select s.user_id,
          (select json_build_object('turn_id', c.turn_id, 'created_at', c.created_at) from conversation_rows c
           where c.session_id = s.session_id order by c.session_id, c.seq, c.ordinal limit 1) as first,
          (select seq from turns where turn_id = ?::uuid and session_id = s.session_id) as chosen_seq
        from sessions s where s.session_id = ?::uuid`,
};

interface SessionFacts {
  readonly user_id: string;
  /** Times are in the database's JSON format. */
  readonly first: { readonly turn_id: string; readonly created_at: string } | null;
  readonly chosen_seq: number | null;
}

/** The newest branches of a session. A client that shows a moving part of its history opens one with every turn. */
const MAX_BRANCHES = 1_000;
const BRANCHES: Statement = {
  name: 'session-branches',
  sql: `select turn_id, seq, branch_path as path, created_at from turns
        where session_id = ?::uuid and branch_path is not null order by session_id desc, seq desc limit ${MAX_BRANCHES}`,
};

type BranchRow = Opener & { readonly turn_id: string; readonly created_at: Date };

const SESSION: Statement = {
  name: 'session-rows',
  sql: `select c.* from unnest(?::int8[], ?::int8[]) as ranges (from_seq, to_seq) cross join lateral (
          select ${COLUMNS.join(', ')} from conversation_rows r where r.session_id = ?::uuid
            and r.seq between ranges.from_seq and ranges.to_seq and (r.seq, r.ordinal) > (?::int8, ?::int2)
          order by r.session_id, r.seq, r.ordinal limit ?::int8) c
        order by c.seq, c.ordinal limit ?::int8`,
};
const BEFORE_ALL: ConversationPosition = { seq: 0, ordinal: 0 };

/** A page of the messages of one branch of a session in order, at most `limit` after `after`, with the session's owner and
 *  its branches, newest first. `turnId`: a turn of the branch; missing: the newest branch. Null: the session does not
 *  exist, or not this turn in it. @throws Unavailable */
export async function sessionRows(
  database: Database,
  sessionId: string,
  { after = BEFORE_ALL, limit, turnId }: SessionPage,
): Promise<{ userId: string; rows: ConversationRow[]; branches: SessionBranch[] } | null> {
  const [facts] = await database.rows<SessionFacts>(SESSION_FACTS, [turnId ?? null, sessionId]);
  if (!facts || (turnId !== undefined && facts.chosen_seq === null)) return null;
  const openers = await database.rows<BranchRow>(BRANCHES, [sessionId]);
  const chosen = openers.findIndex(({ seq }) => seq <= (facts.chosen_seq ?? Infinity));
  const next = openers[(chosen === -1 ? openers.length : chosen) - 1];
  const ranges = rangesOf(openers[chosen] ?? null, next && next.seq - 1);
  const rows = await database.rows<Row>(SESSION, [
    ranges.map(([from]) => from),
    ranges.map(([, to]) => to),
    sessionId,
    after.seq,
    after.ordinal,
    limit,
    limit,
  ]);
  const first = facts.first && { turnId: facts.first.turn_id, createdAt: new Date(facts.first.created_at) };
  const opened = openers.map((opener) => ({ turnId: opener.turn_id, createdAt: opener.created_at }));
  // The first branch has no opener. It is listed if something was delivered in it.
  const branches = first && opened.at(-1)?.turnId !== first.turnId ? [...opened, first] : opened;
  return { userId: facts.user_id, rows: rows.map(rowOf), branches };
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

/** Selects the last messages that `turn` (session_id, seq) continues, from `conversation_rows c`: those before it in its
 *  branch (domain/branch.ts). Three bindings, each of which is the number of messages: only as many ranges are read as can
 *  be needed, and each of them by the index. */
export const lastContinued = (turn: string, columns: readonly string[]): string =>
  `select c.* from (select 1) as one
   left join lateral (
     select o.seq, o.branch_path from turns o
     where o.session_id = ${turn}.session_id and o.branch_path is not null and o.seq <= ${turn}.seq
     order by o.session_id desc, o.seq desc limit 1) opener on true
   cross join lateral (
     select coalesce(opener.seq, 1) as from_seq, ${turn}.seq - 1 as to_seq
     union all select from_seq, to_seq from (
       select (part->>0)::int8 as from_seq, (part->>1)::int8 as to_seq
       from jsonb_array_elements(opener.branch_path) as parts (part) order by 1 desc limit ?::int8) path) ranges
   cross join lateral (
     select ${columns.join(', ')} from conversation_rows r where r.session_id = ${turn}.session_id
       and r.seq between ranges.from_seq and ranges.to_seq
     order by r.session_id desc, r.seq desc, r.ordinal desc limit ?::int8) c
   order by c.seq desc, c.ordinal desc limit ?::int8`;

const LAST_BEFORE: Statement = {
  name: 'last-before-turn',
  sql: `select asked.n, last.* from unnest(?::uuid[], ?::int8[]) with ordinality as asked (session_id, seq, n)
        cross join lateral (${lastContinued('asked', COLUMNS)}) last order by asked.n, last.seq, last.ordinal`,
};

interface LastRequest {
  readonly turn: Pick<Turn, 'sessionId' | 'seq'>;
  readonly exchanges: number;
}

async function lastOfAll(database: Database, requests: readonly LastRequest[]): Promise<ConversationRow[][]> {
  const messages = Math.max(...requests.map(({ exchanges }) => exchanges)) * 2;
  const rows = await database.rows<Row & { n: number }>(LAST_BEFORE, [
    requests.map(({ turn }) => turn.sessionId),
    requests.map(({ turn }) => turn.seq),
    messages,
    messages,
    messages,
  ]);
  const byRequest = Map.groupBy(rows, (row) => row.n);
  return requests.map(({ exchanges }, index) =>
    exchanges === 0 ? [] : (byRequest.get(index + 1) ?? []).map(rowOf).slice(-2 * exchanges),
  );
}

/** The last `exchanges` (user and assistant) that a turn continues, oldest first. @throws Unavailable */
export const lastBefore = (
  database: Database,
  turn: Pick<Turn, 'sessionId' | 'seq'>,
  exchanges: number,
): Promise<ConversationRow[]> => database.batched('last-before-turn', { turn, exchanges }, lastOfAll);

const NEXT_BRANCH: Statement = {
  name: 'next-branch',
  sql: `select seq from turns where session_id = ?::uuid and branch_path is not null and seq > ?::int8
        order by session_id, seq limit 1`,
};

/** The last `exchanges` of the branch to which a turn belongs, oldest first. @throws Unavailable */
export async function lastOfBranch(
  database: Database,
  { sessionId, seq }: Pick<Turn, 'sessionId' | 'seq'>,
  exchanges: number,
): Promise<ConversationRow[]> {
  const [next] = await database.rows<{ seq: number }>(NEXT_BRANCH, [sessionId, seq]);
  return lastBefore(database, { sessionId, seq: next?.seq ?? Number.MAX_SAFE_INTEGER }, exchanges);
}

/** In the order in which they were delivered. A reply that was approved late comes after younger turns. */
const LAST_DELIVERED: Statement = {
  name: 'last-delivered',
  sql: `select asked.n, last.* from unnest(?::text[]) with ordinality as asked (user_id, n)
        cross join lateral (
          select ${COLUMNS.join(', ')} from conversation_rows c where c.user_id = asked.user_id
            and not exists (select 1 from turns t where t.turn_id = c.turn_id and t.assistant = any(?::text[]))
          order by c.user_id desc, c.created_at desc, c.seq desc, c.ordinal desc limit ?) last
        order by asked.n, last.created_at, last.seq, last.ordinal`,
};

interface LastDeliveredRequest {
  readonly userId: string;
  readonly exchanges: number;
  readonly without: readonly string[];
}

async function lastOfUsers(
  database: Database,
  requests: readonly LastDeliveredRequest[],
): Promise<ConversationRow[][]> {
  const rows = await database.rows<Row & { n: number }>(LAST_DELIVERED, [
    requests.map(({ userId }) => userId),
    // All callers in a process request the same, except that the assistants file may have changed meanwhile.
    requests.flatMap(({ without }) => without),
    requests[0]!.exchanges * 2,
  ]);
  const byRequest = Map.groupBy(rows, (row) => row.n);
  return requests.map((_, index) => (byRequest.get(index + 1) ?? []).map(rowOf));
}

/** The exchanges of a user over all sessions that were delivered last, in the order of their delivery, without those of
 *  these assistants. @throws Unavailable */
export const lastDelivered = (
  database: Database,
  userId: string,
  exchanges: number,
  without: readonly string[],
): Promise<ConversationRow[]> => database.batched('last-delivered', { userId, exchanges, without }, lastOfUsers);
