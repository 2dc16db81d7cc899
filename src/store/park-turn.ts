// Parks the draft of a turn for review instead of delivering it: one statement that requires the epoch of the claim.
import type { Reason } from '../domain/policy.ts';
import type { Claim } from './held-claims.ts';
import { NOTIFY, storedCalls, type ModelReply } from './commit-turn.ts';
import type { Database, Statement } from './database.ts';

/** The deadline is truncated to milliseconds, because clients see it and continue pages from it in milliseconds. */
const PARK: Statement = {
  name: 'commit-parked',
  sql: `with done as (
          update turns set status = 'awaiting_review', model = ?, input_tokens = ?, output_tokens = ?, attempts = ?, client_calls = ?::jsonb, lease_until = null
          where turn_id = ? and epoch = ? and status = 'running'
          returning turn_id, user_id, session_id, seq, text, status),
        parked as (
          insert into reviews (review_id, turn_id, user_id, session_id, seq, reasons, draft, finish_reason, deadline)
          select ?::uuid, turn_id, user_id, session_id, seq, ?::jsonb, ?, ?::text,
                 date_trunc('milliseconds', now() + ?::float8 * interval '1 second') from done
          returning review_id, turn_id, user_id, session_id, reasons, draft, deadline),
        audited as (
          insert into review_events (event_id, review_id, what, reasons, original)
          select ?::uuid, review_id, 'requested', reasons, draft from parked),
        told as (
          insert into outbox (event_id, topic, user_id, data)
          select review_id, 'human-review', parked.user_id, jsonb_build_object(
            'review_id', review_id, 'turn_id', parked.turn_id, 'user_id', parked.user_id, 'session_id', parked.session_id,
            'message', done.text, 'proposed_reply', draft, 'reasons', reasons, 'deadline', deadline)
          from parked join done on done.turn_id = parked.turn_id
          returning data),
        ${NOTIFY}
        select data from told`,
};

export interface Parking {
  /** Also the id of the HumanReviewRequired event. */
  readonly reviewId: string;
  readonly auditId: string;
  readonly reasons: readonly Reason[];
  readonly deadlineS: number;
}

/** Parks the reply for review. Returns the data of its HumanReviewRequired event; null: the claim was lost and nothing
 *  was written. @throws Unavailable */
export async function parkTurn(
  database: Database,
  claim: Claim,
  attempts: number,
  reply: ModelReply,
  { reviewId, auditId, reasons, deadlineS }: Parking,
): Promise<Readonly<Record<string, unknown>> | null> {
  const [row] = await database.rows<{ data: Record<string, unknown> }>(PARK, [
    reply.model,
    reply.usage?.inputTokens ?? null,
    reply.usage?.outputTokens ?? null,
    attempts,
    storedCalls(reply),
    claim.turnId,
    claim.epoch,
    reviewId,
    JSON.stringify(reasons),
    reply.reply,
    reply.finishReason,
    deadlineS,
    auditId,
  ]);
  return row?.data ?? null;
}
