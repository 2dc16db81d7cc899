// Parks a turn until a person has decided on a call of a tool, or has found out how it ended.
import type { Reason } from '../../domain/policy.ts';
import type { ToolReviewKind } from '../../domain/review.ts';
import type { CallStep } from '../../domain/tools/step.ts';
import { NOTIFY } from '../commit-turn.ts';
import type { Database, Statement } from '../database.ts';
import type { Claim } from '../held-claims.ts';

/** Locks the turn. The next statement then sees what the worker of an earlier claim has recorded. */
const LOCK: Statement = {
  name: 'park-call-lock',
  sql: `select turn_id from turns where turn_id = ?::uuid and epoch = ?::int4 and status = 'running' for update`,
};

/** The step changes only from these states: the outcome of the call may have been recorded meanwhile. */
const PARK: Statement = {
  name: 'park-call',
  sql: `with stepped as (
          update turn_steps set status = ?::text, rule = ?::text, approved = false,
            changed = (select coalesce(step_changes, 0) + 1 from turns t where t.turn_id = turn_steps.turn_id)
          where turn_id = ?::uuid and ordinal = ?::int4 and status in ('proposed', 'running', 'unknown')
          returning turn_id, step, tool, call_id, arguments, changed),
        done as (
          update turns set status = 'awaiting_review', attempts = ?::int4, lease_until = null, step_changes = stepped.changed
          from stepped where turns.turn_id = stepped.turn_id
          returning turns.turn_id, turns.user_id, turns.session_id, turns.seq, turns.text, turns.status,
            stepped.step, stepped.tool, stepped.call_id, stepped.arguments),
        parked as (
          insert into reviews (review_id, turn_id, user_id, session_id, seq, reasons, kind, step, tool, call_id, arguments, deadline)
          select ?::uuid, turn_id, user_id, session_id, seq, ?::jsonb, ?::text, step, tool, call_id, arguments,
                 date_trunc('milliseconds', now() + ?::float8 * interval '1 second') from done
          returning review_id, turn_id, user_id, session_id, reasons, arguments, deadline),
        audited as (
          insert into review_events (event_id, review_id, what, reasons, original)
          select ?::uuid, review_id, 'requested', reasons, arguments from parked),
        told as (
          insert into outbox (event_id, topic, user_id, data)
          select review_id, 'human-review', parked.user_id, ?::jsonb || jsonb_build_object(
            'review_id', review_id, 'turn_id', parked.turn_id, 'user_id', parked.user_id, 'session_id', parked.session_id,
            'message', done.text, 'reasons', reasons, 'deadline', deadline)
          from parked join done on done.turn_id = parked.turn_id
          returning data),
        ${NOTIFY}
        select data from told`,
};

export interface CallParking {
  /** Also the id of the ToolReviewRequired event. */
  readonly reviewId: string;
  readonly auditId: string;
  readonly kind: ToolReviewKind;
  readonly reasons: readonly Reason[];
  readonly deadlineS: number;
  /** The rule of approval under which a person is asked. */
  readonly rule: string;
  readonly call: Pick<CallStep, 'ordinal'>;
  /** The members `kind` and `tool_call` of the event. */
  readonly eventData: object;
}

export type ParkedCall =
  /** `data`: of the ToolReviewRequired event. */
  | { readonly outcome: 'parked'; readonly data: Readonly<Record<string, unknown>> }
  /** The outcome of the call was recorded meanwhile. Nothing was written. */
  | { readonly outcome: 'changed' }
  /** The claim was lost. Nothing was written. */
  | { readonly outcome: 'lost' };

/** Parks a claimed turn for the review of one of its calls. @throws Unavailable */
export const parkCall = (
  database: Database,
  { turnId, epoch }: Claim,
  attempts: number,
  { reviewId, auditId, kind, reasons, deadlineS, rule, call, eventData }: CallParking,
): Promise<ParkedCall> =>
  database.transaction(async (queries) => {
    if ((await queries.rows(LOCK, [turnId, epoch])).length === 0) return { outcome: 'lost' };
    const [row] = await queries.rows<{ data: Record<string, unknown> }>(PARK, [
      kind === 'tool_call' ? 'awaiting_review' : 'unknown',
      rule,
      turnId,
      call.ordinal,
      attempts,
      reviewId,
      JSON.stringify(reasons),
      kind,
      deadlineS,
      auditId,
      JSON.stringify(eventData),
    ]);
    return row ? { outcome: 'parked', data: row.data } : { outcome: 'changed' };
  });
