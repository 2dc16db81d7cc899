// New drafts of reviewed replies: a reviewer asks for one, a worker claims the work and writes it. The columns `revise_…` of the
// review hold the work. Everything that changes them locks the turn first and the review second, as everything that ends a
// review does. So of a decision and a new draft the first one wins.
import type { Reason } from '../../domain/policy.ts';
import type { FinishReason, Usage } from '../../domain/turn.ts';
import type { Database, Statement } from '../database.ts';

/** Ends the work: nothing is being written any more. */
export const NOT_DRAFTING = 'revise_note = null, revise_by = null, revise_at = null, revise_until = null';

const AWAITS = `reviews.status = 'pending' and case turns.status when 'awaiting_review' then true else false end`;

/** A decision that is kept was made first. */
const REQUEST: Statement = {
  name: 'revision-request',
  sql: `with r as materialized (
          select reviews.review_id from turns join reviews on reviews.turn_id = turns.turn_id
          where reviews.review_id = ?::uuid and reviews.kind = 'reply' and reviews.revision = ?::int4
            and reviews.revise_note is null and reviews.deadline > now() and ${AWAITS}
            and not exists (select 1 from kept_decisions k where k.turn_id = reviews.turn_id)
          for update of turns, reviews),
        requested as (
          update reviews set revise_note = ?::text, revise_by = ?::text, revise_at = now(), revise_until = now(), revise_claims = 0
          from r where reviews.review_id = r.review_id
          returning reviews.review_id, reviews.draft, reviews.revise_note, reviews.revise_by)
        insert into review_events (event_id, review_id, who, what, original, note)
        select ?::uuid, review_id, revise_by, 'revise_requested', draft, revise_note from requested returning review_id`,
};

export interface RevisionRequest {
  readonly reviewId: string;
  /** Of the draft that is to be replaced. */
  readonly revision: number;
  readonly note: string;
  readonly by: string;
  readonly auditId: string;
}

/** Records that a new draft is wanted. False: the review has ended or is overdue, has another draft, gets a new one already, or a
 *  decision on it is kept; nothing was written. @throws Unavailable */
export async function requestRevision(
  database: Database,
  { reviewId, revision, note, by, auditId }: RevisionRequest,
): Promise<boolean> {
  return (await database.rows(REQUEST, [reviewId, revision, note, by, auditId])).length === 1;
}

/** Takes the work that has waited longest, or whose worker did not renew its lease. Counts the first call of the model that is
 *  made under the claim, as the claim of a turn does. */
const CLAIM: Statement = {
  name: 'revision-claim',
  sql: `with due as materialized (
          select reviews.review_id, reviews.turn_id from reviews join turns on turns.turn_id = reviews.turn_id
          where reviews.revise_until <= now() and reviews.deadline > now() and ${AWAITS}
          order by reviews.revise_until limit 1 for update of turns, reviews skip locked),
        claimed as (
          update reviews set revise_epoch = reviews.revise_epoch + 1, revise_claims = reviews.revise_claims + 1,
            revise_until = now() + ?::float8 * interval '1 second'
          from due where reviews.review_id = due.review_id
          returning reviews.review_id, reviews.turn_id, reviews.reasons, reviews.draft, reviews.revise_note, reviews.revise_at,
            reviews.revise_epoch, reviews.revise_claims),
        counted as (
          update turns set attempts = turns.attempts + 1 from due where turns.turn_id = due.turn_id
          returning turns.turn_id, turns.user_id, turns.session_id, turns.seq, turns.text, turns.assistant,
            turns.client_instructions, turns.client_hash, turns.pictures, turns.journal, turns.traceparent)
        select claimed.*, counted.*, extract(epoch from now() - claimed.revise_at)::float8 as drafting_s,
          (select sent from message_counts where message_counts.user_id = counted.user_id) as message_count
        from claimed join counted on counted.turn_id = claimed.turn_id`,
};

interface ClaimRow {
  readonly review_id: string;
  readonly turn_id: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly text: string;
  readonly assistant: string | null;
  readonly client_instructions: string | null;
  readonly client_hash: string | null;
  readonly pictures: number | null;
  readonly journal: number | null;
  readonly traceparent: string | null;
  readonly reasons: Reason[];
  readonly draft: string;
  readonly revise_note: string;
  readonly revise_at: Date;
  readonly revise_epoch: number;
  readonly revise_claims: number;
  readonly drafting_s: number;
  readonly message_count: number | null;
}

/** The right to write one new draft. */
export interface RevisionClaim {
  readonly reviewId: string;
  /** Grows with every claim of the review. */
  readonly epoch: number;
}

/** A claim, and what the prompt needs. The members of the turn are named as those of a claimed turn. */
export interface ClaimedRevision extends RevisionClaim {
  /** How often the work was claimed. */
  readonly claims: number;
  readonly draft: string;
  readonly note: string;
  /** Why the reply is reviewed. */
  readonly reasons: readonly Reason[];
  readonly turnId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly seq: number;
  readonly text: string;
  readonly assistant: string | null;
  readonly clientInstructions: string | null;
  readonly hasClientRequest: boolean;
  readonly pictures: number | null;
  readonly journal: number | null;
  readonly traceparent: string | null;
  readonly messageCount: number;
  /** When the new draft was asked for, in milliseconds since 1970. */
  readonly requestedAt: number;
  /** Seconds from then to this claim, by the database's clock. */
  readonly draftingS: number;
}

/** Claims the next new draft that is wanted, for `leaseS` seconds; null: none. @throws Unavailable */
export async function claimRevision(database: Database, leaseS: number): Promise<ClaimedRevision | null> {
  const [row] = await database.rows<ClaimRow>(CLAIM, [leaseS]);
  if (!row) return null;
  return {
    reviewId: row.review_id,
    epoch: row.revise_epoch,
    claims: row.revise_claims,
    draft: row.draft,
    note: row.revise_note,
    reasons: row.reasons,
    turnId: row.turn_id,
    userId: row.user_id,
    sessionId: row.session_id,
    seq: row.seq,
    text: row.text,
    assistant: row.assistant,
    clientInstructions: row.client_instructions,
    hasClientRequest: row.client_hash !== null,
    pictures: row.pictures,
    journal: row.journal,
    traceparent: row.traceparent,
    messageCount: row.message_count ?? 0,
    requestedAt: row.revise_at.getTime(),
    draftingS: row.drafting_s,
  };
}

const RENEW: Statement = {
  name: 'revision-renew',
  sql: `update reviews set revise_until = now() + ?::float8 * interval '1 second'
        where review_id = ?::uuid and revise_epoch = ?::int4 and revise_note is not null and status = 'pending' returning review_id`,
};

/** Renews the lease. False: the claim was lost, or the review has ended. @throws Unavailable */
export async function renewRevision(
  database: Database,
  { reviewId, epoch }: RevisionClaim,
  leaseS: number,
): Promise<boolean> {
  return (await database.rows(RENEW, [leaseS, reviewId, epoch])).length === 1;
}

/** The review, if its work is still held by the claim. Two bindings: review and epoch. */
const HELD = `select reviews.review_id, reviews.turn_id, reviews.draft, reviews.revise_note, reviews.revise_by
          from turns join reviews on reviews.turn_id = turns.turn_id
          where reviews.review_id = ?::uuid and reviews.revise_epoch = ?::int4 and reviews.revise_note is not null and ${AWAITS}`;

const RELEASE: Statement = {
  name: 'revision-release',
  sql: `with r as materialized (${HELD} for update of turns, reviews),
        released as (
          update reviews set revise_until = now() + ?::float8 * interval '1 second', revise_claims = reviews.revise_claims - 1
          from r where reviews.review_id = r.review_id)
        update turns set attempts = turns.attempts + ?::int4 from r where turns.turn_id = r.turn_id`,
};

/** Gives the work back, so that another worker can claim it after `afterS` seconds. `calls`: how many calls of the model were made
 *  under the claim. @throws Unavailable */
export async function releaseRevision(
  database: Database,
  { reviewId, epoch }: RevisionClaim,
  { afterS, calls }: { readonly afterS: number; readonly calls: number },
): Promise<void> {
  await database.rows(RELEASE, [reviewId, epoch, afterS, calls - 1]);
}

/** Decisions that were kept while the new draft was written have been refused, except a rejection. */
const FORGOTTEN = `forgotten as (
          delete from kept_decisions where turn_id in (select turn_id from r) and decision <> 'reject')`;

/** The calls of the client that the last draft asked for belong to that draft. */
const FINISH: Statement = {
  name: 'revision-finish',
  sql: `with r as materialized (${HELD} and reviews.deadline > now() for update of turns, reviews),
        counted as (
          update turns set model = ?::text, client_calls = null, attempts = turns.attempts + ?::int4,
            input_tokens = case when ?::bool then coalesce(turns.input_tokens, 0) + ?::int4 else turns.input_tokens end,
            output_tokens = case when ?::bool then coalesce(turns.output_tokens, 0) + ?::int4 else turns.output_tokens end
          from r where turns.turn_id = r.turn_id),
        revised as (
          update reviews set draft = ?::text, finish_reason = ?::text, reasons = ?::jsonb, revision = reviews.revision + 1, ${NOT_DRAFTING}
          from r where reviews.review_id = r.review_id returning reviews.review_id, reviews.draft, reviews.reasons),
        ${FORGOTTEN}
        insert into review_events (event_id, review_id, who, what, reasons, original, edit, note)
        select ?::uuid, r.review_id, r.revise_by, 'revised', revised.reasons, r.draft, revised.draft, r.revise_note
        from r join revised on revised.review_id = r.review_id returning review_id`,
};

/** A new draft of the model. */
export interface NewDraft {
  readonly text: string;
  readonly model: string;
  /** Null: the endpoint reported none. */
  readonly usage: Usage | null;
  readonly finishReason: FinishReason;
  readonly reasons: readonly Reason[];
  /** Calls of the model that were made under the claim. */
  readonly calls: number;
}

/** Stores the new draft in place of the last one. False: the claim was lost, the review has ended or is overdue; nothing was
 *  written. @throws Unavailable */
export async function finishRevision(
  database: Database,
  { reviewId, epoch }: RevisionClaim,
  { text, model, usage, finishReason, reasons, calls }: NewDraft,
  auditId: string,
): Promise<boolean> {
  const known = usage !== null;
  const rows = await database.rows(FINISH, [
    reviewId,
    epoch,
    model,
    calls - 1,
    known,
    usage?.inputTokens ?? 0,
    known,
    usage?.outputTokens ?? 0,
    text,
    finishReason,
    JSON.stringify(reasons),
    auditId,
  ]);
  return rows.length === 1;
}

const FAIL: Statement = {
  name: 'revision-fail',
  sql: `with r as materialized (${HELD} for update of turns, reviews),
        counted as (update turns set attempts = turns.attempts + ?::int4 from r where turns.turn_id = r.turn_id),
        failed as (update reviews set ${NOT_DRAFTING} from r where reviews.review_id = r.review_id),
        ${FORGOTTEN}
        insert into review_events (event_id, review_id, what, original, note)
        select ?::uuid, review_id, 'revise_failed', draft, ?::text from r returning review_id`,
};

/** Ends the work without a new draft: the last one stays. `why` is for the audit trail. False: the claim was lost, or the review
 *  has ended; nothing was written. @throws Unavailable */
export async function failRevision(
  database: Database,
  { reviewId, epoch }: RevisionClaim,
  { calls, why, auditId }: { readonly calls: number; readonly why: string; readonly auditId: string },
): Promise<boolean> {
  return (await database.rows(FAIL, [reviewId, epoch, calls - 1, auditId, why])).length === 1;
}
