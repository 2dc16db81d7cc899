// The rows of the table `turns`, and reads of turns by id and by user.
import type { EndingDecisionKind, ReviewKind, ReviewStatus } from '../domain/review.ts';
import type { ClientCall } from '../domain/tools/client-tools.ts';
import type { TurnStep } from '../domain/tools/step.ts';
import type { FinishReason, Turn, TurnFilter, TurnReview, TurnStatus } from '../domain/turn.ts';
import type { Database, Statement } from './database.ts';

export interface TurnRow {
  readonly turn_id: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly status: TurnStatus;
  readonly epoch: number;
  readonly follows: string | null;
  readonly assistant: string | null;
  readonly text: string;
  readonly reply: string | null;
  readonly partial_reply: string | null;
  readonly finish_reason: FinishReason | null;
  readonly metadata: Record<string, unknown>;
  readonly tags: string[];
  readonly error_code: string | null;
  readonly error_detail: string | null;
  readonly attempts: number;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly model: string | null;
  readonly client_calls: readonly ClientCall[] | null;
  readonly client_hash: string | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  /** Missing if it was not selected: a turn that was just accepted or claimed has no review. */
  readonly review?: ReviewPart | null;
  /** Missing: not selected, as for `review`. Null: none. */
  readonly steps?: readonly TurnStep[] | null;
}

/** What a turn shows of its review: never the draft. Times are in the database's JSON format. */
interface ReviewPart {
  readonly review_id: string;
  readonly kind: ReviewKind;
  readonly status: ReviewStatus;
  readonly reasons: readonly { readonly rule: string }[];
  readonly deadline: string;
  readonly decision: EndingDecisionKind | null;
  readonly decided_at: string | null;
}

const REVIEW_COLUMN = `(select jsonb_build_object('review_id', r.review_id, 'kind', r.kind, 'status', r.status, 'reasons', r.reasons,
  'deadline', r.deadline, 'decision', r.decision, 'decided_at', r.decided_at)
  from reviews r where r.turn_id = turns.turn_id order by r.created_at desc, r.review_id desc limit 1) as review`;

/** The calls of tools, without their contents. */
const STEPS_COLUMN = `case when turns.journal is not null then (
  select jsonb_agg(jsonb_build_object('step', s.step, 'tool', s.tool, 'status', s.status, 'changed', s.changed) order by s.step)
  from turn_steps s where s.turn_id = turns.turn_id and s.step is not null) end as steps`;

export const TURN_COLUMNS = [
  'turn_id',
  'user_id',
  'session_id',
  'seq',
  'status',
  'epoch',
  'follows',
  'assistant',
  'text',
  'reply',
  'partial_reply',
  'finish_reason',
  'metadata',
  'tags',
  'error_code',
  'error_detail',
  'attempts',
  'input_tokens',
  'output_tokens',
  'model',
  'client_calls',
  'client_hash',
  'created_at',
  'started_at',
  'finished_at',
] as const satisfies readonly (keyof TurnRow)[];

/** The columns of a turn, of its newest review and of its steps. */
export const TURN_SELECT = [...TURN_COLUMNS, REVIEW_COLUMN, STEPS_COLUMN].join(', ');

const turnReviewOf = (part: ReviewPart): TurnReview => ({
  reviewId: part.review_id,
  kind: part.kind,
  status: part.status,
  reasons: [...new Set(part.reasons.map(({ rule }) => rule))],
  deadline: new Date(part.deadline),
  decision: part.decision,
  decidedAt: part.decided_at === null ? null : new Date(part.decided_at),
});

export function turnOf(row: TurnRow): Turn {
  return {
    turnId: row.turn_id,
    userId: row.user_id,
    sessionId: row.session_id,
    seq: row.seq,
    status: row.status,
    epoch: row.epoch,
    follows: row.follows,
    assistant: row.assistant,
    text: row.text,
    reply: row.reply,
    partialReply: row.partial_reply,
    finishReason: row.finish_reason,
    metadata: row.metadata,
    tags: row.tags,
    error: row.error_code === null ? null : { code: row.error_code, detail: row.error_detail ?? '' },
    attempts: row.attempts,
    usage: row.input_tokens === null ? null : { inputTokens: row.input_tokens, outputTokens: row.output_tokens ?? 0 },
    model: row.model,
    clientCalls: row.client_calls ?? [],
    clientHash: row.client_hash,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    review: row.review ? turnReviewOf(row.review) : null,
    steps: row.steps ?? [],
  };
}

const BY_ID: Statement = {
  name: 'turns-by-id',
  sql: `select ${TURN_SELECT} from turns where turn_id = any(?::uuid[])`,
};

async function findTurns(database: Database, turnIds: readonly string[]): Promise<(Turn | null)[]> {
  const rows = await database.rows<TurnRow>(BY_ID, [turnIds]);
  const found = new Map(rows.map((row) => [row.turn_id, turnOf(row)]));
  return turnIds.map((turnId) => found.get(turnId.toLowerCase()) ?? null);
}

/** The turn; null: it does not exist. @throws Unavailable */
export const findTurn = (database: Database, turnId: string): Promise<Turn | null> =>
  database.batched('find-turn', turnId, findTurns);

const THERE: Statement = { name: 'turns-there', sql: 'select turn_id from turns where turn_id = any(?::uuid[])' };

async function turnsExistOfAll(database: Database, groups: readonly (readonly string[])[]): Promise<boolean[]> {
  const rows = await database.rows<{ turn_id: string }>(THERE, [[...new Set(groups.flat())]]);
  const there = new Set(rows.map((row) => row.turn_id));
  return groups.map((turnIds) => turnIds.every((turnId) => there.has(turnId)));
}

/** Whether all these turns exist. @throws Unavailable */
export const turnsExist = (database: Database, turnIds: readonly string[]): Promise<boolean> =>
  database.batched('turns-there', turnIds, turnsExistOfAll);

/** A part of a list of turns, in the order of the list. */
const part = (where: string): string => `select ${TURN_SELECT} from turns where ${where} order by seq desc limit ?`;

interface Condition {
  readonly name: string;
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** The conditions of a list. A status is part of the text, so that the indexes with a condition on it can be used. */
function conditionsOf(userId: string, { status, sessionId, beforeSeq }: TurnFilter): Condition[] {
  const conditions: Condition[] = [{ name: 'user', sql: 'user_id = ?', bindings: [userId] }];
  if (status !== undefined) conditions.push({ name: status, sql: `status = '${status}'`, bindings: [] });
  if (sessionId !== undefined) conditions.push({ name: 'session', sql: 'session_id = ?', bindings: [sessionId] });
  if (beforeSeq !== undefined) conditions.push({ name: 'before', sql: 'seq < ?', bindings: [beforeSeq] });
  return conditions;
}

/** A user's turns, newest (highest seq) first. The turns of a session are read in two parts, because two indexes have
 *  them: `turns_unfinished`, and `turns_session` for all others. @throws Unavailable */
export async function listTurns(database: Database, userId: string, filter: TurnFilter): Promise<Turn[]> {
  const conditions = conditionsOf(userId, filter);
  const where = conditions.map(({ sql }) => sql).join(' and ');
  const bindings = [...conditions.flatMap((each) => each.bindings), filter.limit];
  const name = ['turns-list', ...conditions.map((each) => each.name)].join('-');
  if (filter.sessionId === undefined || filter.status !== undefined)
    return (await database.rows<TurnRow>({ name, sql: part(where) }, bindings)).map(turnOf);
  const parts = ["status in ('queued', 'running')", "status not in ('queued', 'running')"];
  const all = parts.map((status) => `(${part(`${where} and ${status}`)})`).join(' union all ');
  const sql = `select * from (${all}) parts order by seq desc limit ?`;
  return (await database.rows<TurnRow>({ name, sql }, [...bindings, ...bindings, filter.limit])).map(turnOf);
}

const LAST_SEQ: Statement = { name: 'last-seq', sql: 'select last_seq from users where user_id = ?' };

/** The user's highest seq; 0: none. @throws Unavailable */
export async function lastSeq(database: Database, userId: string): Promise<number> {
  const [row] = await database.rows<{ last_seq: number }>(LAST_SEQ, [userId]);
  return row?.last_seq ?? 0;
}
