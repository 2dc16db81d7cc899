// Postpones what a budget keeps from running: turns and renewals of summaries.
import type { Database, Statement } from '../database.ts';
import { IS_RUNNING, type Claim } from '../held-claims.ts';

/** Whether a queued turn may be claimed: no budget keeps it from running. */
export const mayRun = (turn: string): string => `coalesce(${turn}.not_before <= now(), true)`;

/** The unfinished turns. `postponed`: the turn waits because a budget keeps the first turn of its user from running. */
export const UNFINISHED = `(select status, created_at,
            bool_or(status = 'queued' and not_before > now()) over (partition by user_id) is true as postponed
          from turns where status in ('queued', 'running')) unfinished`;

/** The turn starts again with its next claim: the time in which it waits is not part of its running time. */
const POSTPONE_TURN: Statement = {
  name: 'postpone-turn',
  sql: `update turns set status = 'queued', not_before = ?::timestamptz, attempts = ?, epoch = epoch + 1, claim_id = null, lease_until = null,
          started_at = null, retry_from = null
        where turn_id = ? and epoch = ? and ${IS_RUNNING} returning turn_id`,
};

/** Gives the claim back: the turn is queued again, and neither it nor a later one of its user is claimed before `until`. False:
 *  the claim was lost. @throws Unavailable */
export async function postponeTurn(
  database: Database,
  { turnId, epoch }: Claim,
  attempts: number,
  until: Date,
): Promise<boolean> {
  return (await database.rows(POSTPONE_TURN, [until, attempts, turnId, epoch])).length === 1;
}

const POSTPONE_SUMMARY: Statement = {
  name: 'postpone-summary',
  sql: 'update due_summaries set due_at = ?::timestamptz where user_id = ? and mark = ?::uuid',
};

/** The summary is due again at `until`, or after the next delivered turn. @throws Unavailable */
export async function postponeSummary(database: Database, userId: string, mark: string, until: Date): Promise<void> {
  await database.rows(POSTPONE_SUMMARY, [until, userId, mark]);
}
