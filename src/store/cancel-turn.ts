// Cancelling turns: one conditional update, and what a cancelled turn had been answered so far. Whoever runs the turn finds
// its epoch gone at the commit, so a turn is either completed or cancelled, never both.
import type { Turn } from '../domain/turn.ts';
import type { Claim } from './claims.ts';
import type { Database, Queries, Statement } from './database.ts';
import { NOTIFY } from './commit-turn.ts';
import { TURN_COLUMNS, turnOf, type TurnRow } from './turn-rows.ts';

/** How far the epoch moves. The partial reply is kept only at the epoch right after its claim, so that a turn which
 *  skips one can never get it, however late its worker comes. */
const EPOCHS = { keepPartial: 1, dropPartial: 2 } as const;

/** What the cancelled turn shows of its reply. */
export type PartialRule = keyof typeof EPOCHS;

/** Counted right here, as no event tells of a cancelled turn. `now()` is when the transaction began, which may have been
 *  before the turn was claimed. */
const cancelling = (where: string, rule: PartialRule): string =>
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
  sql: cancelling("turn_id = ? and status in ('queued', 'running')", 'keepPartial'),
};

/** The cancelled turn; null: it awaits review, was over already, or is none. @throws Unavailable */
export async function cancelTurn(database: Database, turnId: string): Promise<Turn | null> {
  const [row] = await database.rows<TurnRow>(CANCEL, [turnId]);
  return row ? turnOf(row) : null;
}

const RUNNING = "user_id = ? and status = 'running'";
const CANCEL_RUNNING: Readonly<Record<PartialRule, Statement>> = {
  keepPartial: { name: 'cancel-running', sql: cancelling(RUNNING, 'keepPartial') },
  dropPartial: { name: 'roll-back-running', sql: cancelling(RUNNING, 'dropPartial') },
};

/** Cancels what runs of the user, if something does; part of an accept. A turn that ends or is claimed at this very
 *  moment did so before or after: the row's lock says which. */
export async function cancelRunning(queries: Queries, userId: string, rule: PartialRule): Promise<Turn | null> {
  const [row] = await queries.rows<TurnRow>(CANCEL_RUNNING[rule], [userId]);
  return row ? turnOf(row) : null;
}

const KEEP_PARTIAL: Statement = {
  name: 'keep-partial-reply',
  sql: `update turns set partial_reply = ?
        where turn_id = ? and epoch = ?::int4 + ${EPOCHS.keepPartial} and status = 'cancelled' and partial_reply is null`,
};

/** Keeps what had been written under this claim, if it ended by a cancellation. @throws Unavailable */
export async function keepPartialReply(database: Database, { turnId, epoch }: Claim, text: string): Promise<void> {
  await database.rows(KEEP_PARTIAL, [text, turnId, epoch]);
}
