// Decisions that are kept until they are applied: they arrived before their turn awaited review, or on the topic, which
// may lose them. A decision was made in time if it was kept before the deadline, however late it is applied.
import type { Decision, DecisionKind } from '../domain/review.ts';
import type { TurnStatus } from '../domain/turn.ts';
import type { Database, Queries, Statement } from './database.ts';

/** The lock orders this and the parking of the turn: the second of the two sees the result of the first. */
const LOCK_TURN: Statement = {
  name: 'kept-lock-turn',
  sql: 'select status from turns where turn_id = ? for update',
};
/** Locks the turn, so that an erasure runs before this (then nothing is kept) or after this. */
const KEEP: Statement = {
  name: 'kept-keep',
  sql: `insert into kept_decisions (turn_id, decision, reply, note, decided_by)
        select turn_id, ?, ?, ?, ? from turns where turn_id = ? for key share on conflict (turn_id) do nothing`,
};

/** Keeps the decision on a turn that awaits review, unless one is kept already. @throws Unavailable */
export async function keepDecision(queries: Queries, turnId: string, decision: Decision): Promise<void> {
  await queries.rows(KEEP, [decision.decision, decision.reply, decision.note, decision.decidedBy, turnId]);
}

/** Keeps the decision if the turn is queued or running, unless one is kept already. Returns the status of the turn;
 *  null: the turn does not exist. @throws Unavailable */
export function keepEarlyDecision(database: Database, turnId: string, decision: Decision): Promise<TurnStatus | null> {
  return database.transaction(async (queries) => {
    const [turn] = await queries.rows<{ status: TurnStatus }>(LOCK_TURN, [turnId]);
    if (turn?.status === 'queued' || turn?.status === 'running') await keepDecision(queries, turnId, decision);
    return turn?.status ?? null;
  });
}

interface KeptRow {
  readonly turn_id: string;
  readonly decision: DecisionKind;
  readonly reply: string | null;
  readonly note: string | null;
  readonly decided_by: string;
}

export interface KeptDecision {
  readonly turnId: string;
  readonly decision: Decision;
}

/** Kept decisions that were made in time and whose turn awaits review. */
const TO_APPLY = `select k.turn_id, k.decision, k.reply, k.note, k.decided_by
  from kept_decisions k join reviews r on r.turn_id = k.turn_id
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
  decision: { decision: row.decision, reply: row.reply, note: row.note, decidedBy: row.decided_by },
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

/** Removes the kept decisions of final turns. @throws Unavailable */
export async function forgetKeptDecisions(database: Database): Promise<void> {
  await database.rows(FORGET, []);
}
