// Cancels turns by one conditional update. It increases the epoch, so that the worker of the turn cannot commit: a turn is
// either completed or cancelled, never both. It also stores the partial reply, because a final turn never changes.
import type { Turn } from '../domain/turn.ts';
import type { Claim } from './held-claims.ts';
import type { Queries, Statement } from './database.ts';
import { NOTIFY } from './commit-turn.ts';
import { TURN_COLUMNS, turnOf, type TurnRow } from './turn-rows.ts';

/** Counts the turn too, because no event reports a cancelled turn. `now()` is the start of the transaction, which may
 *  be earlier than the claim of the turn. */
const cancelSql = (where: string): string =>
  `with done as (
     update turns set status = 'cancelled', epoch = epoch + 1, lease_until = null,
            partial_reply = case status when 'running' then ?::text end,
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
  sql: cancelSql("turn_id = ? and (status = 'queued' or (status = 'running' and epoch = ?::int4))"),
};

/** Cancels a turn that is queued, or runs under this claim. `text`: what was written under the claim. The cancelled turn;
 *  null: it runs under another claim, awaits review, is final, or does not exist. @throws Unavailable */
export async function cancelTurn(
  queries: Queries,
  { turnId, epoch }: Claim,
  text: string | null,
): Promise<Turn | null> {
  const [row] = await queries.rows<TurnRow>(CANCEL, [text, turnId, epoch]);
  return row ? turnOf(row) : null;
}

const RUNNING: Statement = {
  name: 'cancel-running-claim',
  sql: "select turn_id, epoch from turns where user_id = ? and status = 'running'",
};

/** The claim of the user's running turn; null: none. Part of the accept transaction. */
export async function runningClaim(queries: Queries, userId: string): Promise<Claim | null> {
  const [row] = await queries.rows<{ turn_id: string; epoch: number }>(RUNNING, [userId]);
  return row ? { turnId: row.turn_id, epoch: row.epoch } : null;
}

const CANCEL_RUNNING: Statement = {
  name: 'cancel-running',
  sql: cancelSql("user_id = ? and status = 'running'"),
};

/** Cancels the user's running turn, if there is one, without a partial reply. Part of the accept transaction. If the turn
 *  is committed or claimed at the same time, the row lock orders the two. */
export async function cancelRunning(queries: Queries, userId: string): Promise<Turn | null> {
  const [row] = await queries.rows<TurnRow>(CANCEL_RUNNING, [null, userId]);
  return row ? turnOf(row) : null;
}
