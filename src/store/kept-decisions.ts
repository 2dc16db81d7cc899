// Decisions that are still to be applied: they came before their turn waited for one, or were posted to the topic, which
// may lose them. A kept decision was made in time if it was kept before the deadline, however late it is applied.
import type { Decision, DecisionKind } from '../domain/review.ts';
import type { TurnStatus } from '../domain/turn.ts';
import type { Database, Queries, Statement } from './database.ts';

/** The lock orders this with the parking of the turn: whichever comes second sees the other. */
const LOCK_TURN: Statement = {
  name: 'kept-lock-turn',
  sql: 'select status from turns where turn_id = ? for update',
};
/** Holding the turn: an erasure comes before, and nothing is kept, or after. */
const KEEP: Statement = {
  name: 'kept-keep',
  sql: `insert into kept_decisions (turn_id, decision, reply, note, decided_by)
        select turn_id, ?, ?, ?, ? from turns where turn_id = ? for key share on conflict (turn_id) do nothing`,
};

/** Keeps the decision on a turn that awaits review; the first one kept stays. @throws Unavailable */
export async function keepDecision(queries: Queries, turnId: string, decision: Decision): Promise<void> {
  await queries.rows(KEEP, [decision.decision, decision.reply, decision.note, decision.decidedBy, turnId]);
}

/** Keeps the decision if the turn has not parked or ended yet; the first one kept stays. Returns what the turn was then;
 *  null: there is no such turn. @throws Unavailable */
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

/** Kept decisions whose turn waits by now, made in time. */
const TO_APPLY = `select k.turn_id, k.decision, k.reply, k.note, k.decided_by
  from kept_decisions k join reviews r on r.turn_id = k.turn_id
  where r.status = 'pending' and k.created_at < r.deadline`;
const OF_TURN: Statement = { name: 'kept-of-turn', sql: `${TO_APPLY} and k.turn_id = ?` };
const ALL: Statement = { name: 'kept-all', sql: `${TO_APPLY} limit ?` };
const FORGET: Statement = {
  name: 'kept-forget',
  sql: `delete from kept_decisions where turn_id in (
          select k.turn_id from kept_decisions k join turns t on t.turn_id = k.turn_id
          where t.status not in ('queued', 'running', 'awaiting_review'))`,
};

const keptOf = (row: KeptRow): KeptDecision => ({
  turnId: row.turn_id,
  decision: { decision: row.decision, reply: row.reply, note: row.note, decidedBy: row.decided_by },
});

/** The decision to apply to a turn, or null. @throws Unavailable */
export async function keptDecisionOf(database: Database, turnId: string): Promise<KeptDecision | null> {
  const [row] = await database.rows<KeptRow>(OF_TURN, [turnId]);
  return row ? keptOf(row) : null;
}

/** Decisions to apply: who should have has ended, or Redis lost them. @throws Unavailable */
export async function keptDecisions(database: Database, limit: number): Promise<KeptDecision[]> {
  return (await database.rows<KeptRow>(ALL, [limit])).map(keptOf);
}

/** Removes those of turns that have ended. @throws Unavailable */
export async function forgetKeptDecisions(database: Database): Promise<void> {
  await database.rows(FORGET, []);
}
