// Ends the review of a call by one conditional statement. The first one that moves the turn out of `awaiting_review` wins.
// After a decision the turn is queued at its old place, with a higher epoch.
import type { ToolEnding } from '../../domain/tools/tool-ending.ts';
import { NOTIFY } from '../commit-turn.ts';
import type { Database, Statement } from '../database.ts';
import type { Moment } from '../end-review.ts';

/** The turn's status is the fence, and the review and the step follow it. A turn that ends here is counted. */
const end = (name: string, when: string): Statement => ({
  name,
  sql: `with done as (
          update turns set status = ?::text, epoch = turns.epoch + 1, claim_id = null, retry_from = null, step_changes = coalesce(turns.step_changes, 0) + 1,
            finished_at = case when ?::bool then null else now() end
          from reviews r
          where r.review_id = ?::uuid and r.status = 'pending' and ${when}
            and turns.turn_id = r.turn_id and case turns.status when 'awaiting_review' then true else false end
          returning turns.turn_id, turns.user_id, turns.session_id, turns.status, turns.input_tokens, turns.output_tokens,
            turns.finished_at, turns.step_changes, turns.epoch, r.review_id, r.step),
        stepped as (
          update turn_steps set status = coalesce(?::text, turn_steps.status), arguments = coalesce(?::text, turn_steps.arguments),
            result = coalesce(?::text, turn_steps.result), truncated = false, approved = ?::bool, changed = done.step_changes,
            finished_at = case when ?::bool then null else coalesce(turn_steps.finished_at, now()) end
          from done where turn_steps.turn_id = done.turn_id and turn_steps.step = done.step
          returning turn_steps.turn_id),
        ended as (
          update reviews set status = ?::text, decision = ?::text, decided_value = ?::text, note = ?::text, decided_by = ?::text,
                 decided_at = now(), claimed_by = null, claimed_until = null, kept = null, kept_at = null
          from done where reviews.review_id = done.review_id
          returning reviews.review_id, reviews.status, reviews.arguments, reviews.decided_value, reviews.note, reviews.decided_by),
        audited as (
          insert into review_events (event_id, review_id, who, what, original, edit, note)
          select ?::uuid, review_id, decided_by, status, arguments, decided_value, note from ended),
        counted as (
          insert into analytics_days (user_id, day, status, turns, reviewed, input_tokens, output_tokens, first_at, last_at)
          select user_id, (finished_at at time zone 'UTC')::date, status, 1, 0, coalesce(input_tokens, 0), coalesce(output_tokens, 0),
                 finished_at, finished_at from done where finished_at is not null
          on conflict (user_id, day, status) do update
          set turns = analytics_days.turns + excluded.turns,
              input_tokens = analytics_days.input_tokens + excluded.input_tokens,
              output_tokens = analytics_days.output_tokens + excluded.output_tokens,
              last_at = greatest(analytics_days.last_at, excluded.last_at)),
        ${NOTIFY}
        select turn_id, epoch from done`,
});

const END = {
  before: end('tool-review-decide', 'r.deadline > now()'),
  after: end('tool-review-deadline', 'r.deadline <= now()'),
  any: end('tool-review-cancel', 'true'),
} as const;

/** Ends the review, its step, and either queues or ends its turn. The epoch of the turn; null: the review has ended already,
 *  or the time does not match `moment`; nothing was written. @throws Unavailable */
export async function endToolReview(
  database: Database,
  { reviewId, auditId, moment }: { reviewId: string; auditId: string; moment: Moment },
  { turnStatus, step, status, decision, decidedValue, note, by }: ToolEnding,
): Promise<number | null> {
  const continues = turnStatus === 'queued';
  const [row] = await database.rows<{ epoch: number }>(END[moment], [
    turnStatus,
    continues,
    reviewId,
    step.status,
    step.arguments,
    step.result,
    step.approved,
    step.status === 'proposed',
    status,
    decision,
    decidedValue,
    note,
    by,
    auditId,
  ]);
  return row?.epoch ?? null;
}
