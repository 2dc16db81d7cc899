// Decisions that are kept until they are applied: they arrived before the reply of their turn awaited review, or on the topic,
// which may lose them. A decision was made in time if it was kept before the deadline, however late it is applied. A
// decision on a call is kept with its review, so that it never reaches another one.
import { NO_CONTENT, type EndingDecision, type EndingDecisionKind } from '../domain/review.ts';
import type { TurnStatus } from '../domain/turn.ts';
import type { Database, Queries, Statement } from './database.ts';

/** The lock orders this and the parking of the turn: the second of the two sees the result of the first. */
const LOCK_TURN: Statement = {
  name: 'kept-lock-turn',
  sql: `select status, exists (select 1 from reviews r where r.turn_id = turns.turn_id and r.kind = 'reply') as reviewed
        from turns where turn_id = ? for update`,
};
/** Locks the turn, so that an erasure runs before this (then nothing is kept) or after this. */
const KEEP: Statement = {
  name: 'kept-keep',
  sql: `insert into kept_decisions (turn_id, decision, reply, note, draft_sha256, decided_by)
        select turn_id, ?, ?, ?, ?::text, ? from turns where turn_id = ? for key share on conflict (turn_id) do nothing`,
};

/** Keeps the decision on a turn whose reply awaits review, unless one is kept already. @throws Unavailable */
export async function keepDecision(queries: Queries, turnId: string, decision: EndingDecision): Promise<void> {
  const { reply, note, seenSha256, decidedBy } = decision;
  await queries.rows(KEEP, [decision.decision, reply, note, seenSha256, decidedBy, turnId]);
}

const KEEP_WITH_REVIEW: Statement = {
  name: 'kept-with-review',
  sql: `update reviews set kept = ?::jsonb, kept_at = now() where review_id = ?::uuid and status = 'pending' and kept is null`,
};

/** Keeps the decision on a call with its review, unless one is kept already. @throws Unavailable */
export async function keepToolDecision(queries: Queries, reviewId: string, decision: EndingDecision): Promise<void> {
  await queries.rows(KEEP_WITH_REVIEW, [JSON.stringify(decision), reviewId]);
}

const BEFORE_REVIEW: ReadonlySet<TurnStatus> = new Set(['queued', 'running', 'awaiting_review']);

/** Keeps the decision if the reply of the turn may still be reviewed, unless one is kept already. `reviewed`: the review
 *  exists, and nothing was kept. @throws Unavailable */
export function keepEarlyDecision(
  database: Database,
  turnId: string,
  decision: EndingDecision,
): Promise<'kept' | 'reviewed' | 'unknown'> {
  return database.transaction(async (queries) => {
    const [turn] = await queries.rows<{ status: TurnStatus; reviewed: boolean }>(LOCK_TURN, [turnId]);
    if (turn?.reviewed) return 'reviewed';
    if (!turn || !BEFORE_REVIEW.has(turn.status)) return 'unknown';
    await keepDecision(queries, turnId, decision);
    return 'kept';
  });
}

interface KeptRow {
  readonly turn_id: string;
  readonly decision: EndingDecisionKind;
  readonly reply: string | null;
  readonly note: string | null;
  readonly draft_sha256: string | null;
  readonly decided_by: string;
}

export interface KeptDecision {
  readonly turnId: string;
  readonly decision: EndingDecision;
}

/** Kept decisions that were made in time and whose turn awaits review. */
const TO_APPLY = `select k.turn_id, k.decision, k.reply, k.note, k.draft_sha256, k.decided_by
  from kept_decisions k join reviews r on r.turn_id = k.turn_id and r.kind = 'reply'
  where r.status = 'pending' and k.created_at < r.deadline`;
const OF_TURN: Statement = { name: 'kept-of-turn', sql: `${TO_APPLY} and k.turn_id = ?` };
const ALL: Statement = { name: 'kept-all', sql: `${TO_APPLY} limit ?` };
const FORGET: Statement = {
  name: 'kept-forget',
  sql: `delete from kept_decisions where turn_id in (
          select k.turn_id from kept_decisions k join turns t on t.turn_id = k.turn_id
          where case when t.status in ('queued', 'running', 'awaiting_review') then false else true end)`,
};

const keptOf = (row: KeptRow): KeptDecision => ({
  turnId: row.turn_id,
  decision: {
    ...NO_CONTENT,
    decision: row.decision,
    reply: row.reply,
    note: row.note,
    seenSha256: row.draft_sha256,
    decidedBy: row.decided_by,
  },
});

/** The decision to apply to a turn; null: none. @throws Unavailable */
export async function keptDecisionOf(database: Database, turnId: string): Promise<KeptDecision | null> {
  const [row] = await database.rows<KeptRow>(OF_TURN, [turnId]);
  return row ? keptOf(row) : null;
}

/** Decisions that are still to be applied because a process ended or Redis lost their events. @throws Unavailable */
export async function keptDecisions(database: Database, limit: number): Promise<KeptDecision[]> {
  return (await database.rows<KeptRow>(ALL, [limit])).map(keptOf);
}

const DROP: Statement = { name: 'kept-drop', sql: 'delete from kept_decisions where turn_id = ?' };

/** Removes a decision that cannot be applied. @throws Unavailable */
export async function dropKeptDecision(database: Database, turnId: string): Promise<void> {
  await database.rows(DROP, [turnId]);
}

const OF_CALLS: Statement = {
  name: 'kept-of-calls',
  sql: `select review_id, kept from reviews
        where status = 'pending' and kept_at is not null and kept_at < deadline order by kept_at limit ?`,
};

/** Decisions on calls that are still to be applied, with the ids of their reviews. @throws Unavailable */
export const keptToolDecisions = (
  database: Database,
  limit: number,
): Promise<{ readonly review_id: string; readonly kept: EndingDecision }[]> => database.rows(OF_CALLS, [limit]);

/** Removes the kept decisions of final turns. @throws Unavailable */
export async function forgetKeptDecisions(database: Database): Promise<void> {
  await database.rows(FORGET, []);
}
