// Decisions that came before their turn waited for one: kept until it does, or until it ends without.
import type { Decision, DecisionKind } from '../reviews/review.ts';
import type { TurnStatus } from '../turns/turn.ts';
import type { Database, Statement } from './database.ts';

/** The lock orders this with the parking of the turn: whichever comes second sees the other. */
const LOCK_TURN: Statement = {
  name: 'early-lock-turn',
  sql: 'select status from turns where turn_id = ? for update',
};
const KEEP: Statement = {
  name: 'early-keep',
  sql: `insert into early_decisions (turn_id, decision, reply, note, decided_by) values (?, ?, ?, ?, ?)
        on conflict (turn_id) do nothing`,
};

/** Keeps the decision if the turn has not ended or parked yet; the first one kept stays. Returns what the turn was then;
 *  null: there is no such turn. @throws DatabaseUnavailable */
export function keepEarlyDecision(database: Database, turnId: string, decision: Decision): Promise<TurnStatus | null> {
  return database.transaction(async (queries) => {
    const [turn] = await queries.rows<{ status: TurnStatus }>(LOCK_TURN, [turnId]);
    if (turn?.status === 'queued' || turn?.status === 'running') {
      await queries.rows(KEEP, [turnId, decision.decision, decision.reply, decision.note, decision.decidedBy]);
    }
    return turn?.status ?? null;
  });
}

interface EarlyRow {
  readonly turn_id: string;
  readonly decision: DecisionKind;
  readonly reply: string | null;
  readonly note: string | null;
  readonly decided_by: string;
}

export interface EarlyDecision {
  readonly turnId: string;
  readonly decision: Decision;
}

const earlyOf = (row: EarlyRow): EarlyDecision => ({
  turnId: row.turn_id,
  decision: { decision: row.decision, reply: row.reply, note: row.note, decidedBy: row.decided_by },
});

const OF_TURN: Statement = {
  name: 'early-of-turn',
  sql: 'select turn_id, decision, reply, note, decided_by from early_decisions where turn_id = ?',
};
const WAITED_FOR: Statement = {
  name: 'early-waited-for',
  sql: `select e.turn_id, e.decision, e.reply, e.note, e.decided_by from early_decisions e
        join reviews r on r.turn_id = e.turn_id where r.status = 'pending' limit ?`,
};
const FORGET: Statement = {
  name: 'early-forget',
  sql: `delete from early_decisions where turn_id in (
          select e.turn_id from early_decisions e join turns t on t.turn_id = e.turn_id
          where t.status not in ('queued', 'running', 'awaiting_review'))`,
};

/** The decision kept for a turn, or null. @throws DatabaseUnavailable */
export async function earlyDecisionOf(database: Database, turnId: string): Promise<EarlyDecision | null> {
  const [row] = await database.rows<EarlyRow>(OF_TURN, [turnId]);
  return row ? earlyOf(row) : null;
}

/** Kept decisions whose turn waits by now: its worker ended before it could apply them. @throws DatabaseUnavailable */
export async function earlyDecisionsWaitedFor(database: Database, limit: number): Promise<EarlyDecision[]> {
  return (await database.rows<EarlyRow>(WAITED_FOR, [limit])).map(earlyOf);
}

/** Removes those of turns that have ended. @throws DatabaseUnavailable */
export async function forgetEarlyDecisions(database: Database): Promise<void> {
  await database.rows(FORGET, []);
}
