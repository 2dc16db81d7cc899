// Cancels turns by one conditional update, and stores the partial reply of a cancelled turn. The update increases the
// epoch, so that the worker of the turn cannot commit: a turn is either completed or cancelled, never both.
import type { Turn } from '../domain/turn.ts';
import type { Claim } from './claims.ts';
import type { Database, Queries, Statement } from './database.ts';
import { NOTIFY } from './commit-turn.ts';
import { TURN_COLUMNS, turnOf, type TurnRow } from './turn-rows.ts';

/** By how much the epoch increases. A partial reply is stored only at the epoch right after its claim, so a turn that
 *  skips an epoch never gets one, however late its worker is. */
const EPOCHS = { keepPartial: 1, dropPartial: 2 } as const;

/** Whether the cancelled turn keeps its partial reply. */
export type PartialRule = keyof typeof EPOCHS;

/** Counts the turn too, because no event reports a cancelled turn. `now()` is the start of the transaction, which may
 *  be earlier than the claim of the turn. */
const cancelSql = (where: string, rule: PartialRule): string =>
  `with done as (
     update turns set status = 'cancelled', epoch = epoch + ${EPOCHS[rule]}, lease_until = null,
            finished_at = greatest(now(), created_at, started_at)
     where ${where} returning ${TURN_COLUMNS.join(', ')}),
   counted as (
     insert into analytics_days (user_id, day, status, turns, reviewed, input_tokens, output_tokens, first_at, last_at)
     select user_id, (finished_at at time zone 'UTC')::date, 'cancelled', 1, 0, 0, 0, finished_at, finished_at from done
     on conflict (user_id, day, status) do update
     set turns = analytics_days.turns + 1, last_at = greatest(analytics_days.last_at, excluded.last_at)),
   ${NOTIFY}
   select ${TURN_COLUMNS.join(', ')} from done`;

const CANCEL: Statement = {
  name: 'cancel-turn',
  sql: cancelSql("turn_id = ? and status in ('queued', 'running')", 'keepPartial'),
};

/** The cancelled turn; null: it awaits review, is final already, or does not exist. @throws Unavailable */
export async function cancelTurn(database: Database, turnId: string): Promise<Turn | null> {
  const [row] = await database.rows<TurnRow>(CANCEL, [turnId]);
  return row ? turnOf(row) : null;
}

const RUNNING = "user_id = ? and status = 'running'";
const CANCEL_RUNNING: Readonly<Record<PartialRule, Statement>> = {
  keepPartial: { name: 'cancel-running', sql: cancelSql(RUNNING, 'keepPartial') },
  dropPartial: { name: 'roll-back-running', sql: cancelSql(RUNNING, 'dropPartial') },
};

/** Cancels the user's running turn, if there is one. Part of the accept transaction. If the turn is committed or
 *  claimed at the same time, the row lock orders the two. */
export async function cancelRunning(queries: Queries, userId: string, rule: PartialRule): Promise<Turn | null> {
  const [row] = await queries.rows<TurnRow>(CANCEL_RUNNING[rule], [userId]);
  return row ? turnOf(row) : null;
}

const KEEP_PARTIAL: Statement = {
  name: 'keep-partial-reply',
  sql: `update turns set partial_reply = ?
        where turn_id = ? and epoch = ?::int4 + ${EPOCHS.keepPartial} and case status when 'cancelled' then partial_reply is null else false end`,
};

/** Stores the text that was written under this claim, if a cancellation ended the claim. @throws Unavailable */
export async function keepPartialReply(database: Database, { turnId, epoch }: Claim, text: string): Promise<void> {
  await database.rows(KEEP_PARTIAL, [text, turnId, epoch]);
}
