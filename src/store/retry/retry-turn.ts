// Queues a failed turn again, at its old seq.
import type { Turn } from '../../domain/turn.ts';
import type { Database, Statement } from '../database.ts';
import { TURN_COLUMNS, turnOf, type TurnRow } from '../turn-rows.ts';

/** What a turn must meet to be retried: nothing that a repetition would do twice has happened. */
const CONDITIONS = [
  "status = 'failed'",
  'reply is null',
  "not exists (select 1 from turn_steps s where s.turn_id = turns.turn_id and s.effect = 'once' and s.started_at is not null)",
  'not exists (select 1 from erasures where erasures.user_id = turns.user_id)',
];

/** One conditional update: of two retries at the same time the second one finds the turn queued. It increases the epoch, so
 *  that nothing of the last claim counts any more, not even a job or a stream position. The failure was counted when it was
 *  committed, so it is taken back. The turn is locked before the counts, as in all statements. */
const RETRY: Statement = {
  name: 'retry-turn',
  sql: `with failed as materialized (
          select turn_id, user_id, finished_at from turns where turn_id = ?::uuid and ${CONDITIONS.join(' and ')} for update),
        requeued as (
          update turns set status = 'queued', epoch = turns.epoch + 1, claim_id = null, takeovers = 0, error_code = null,
                 error_detail = null, finished_at = null, retry_from = null
          from failed where turns.turn_id = failed.turn_id
          returning ${TURN_COLUMNS.map((column) => `turns.${column}`).join(', ')}),
        uncounted as (
          update analytics_days set turns = analytics_days.turns - 1 from failed
          where analytics_days.user_id = failed.user_id and analytics_days.status = 'failed'
            and analytics_days.day = (failed.finished_at at time zone 'UTC')::date)
        select * from requeued`,
};

/** Queues the turn again. Null: it is not failed, or something that must not be repeated has happened. @throws Unavailable */
export async function retryTurn(database: Database, turnId: string): Promise<Turn | null> {
  const [row] = await database.rows<TurnRow>(RETRY, [turnId]);
  return row ? turnOf(row) : null;
}
