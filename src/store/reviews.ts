// Reads reviews, and claims and releases them for a reviewer. Deadlines and leases use the database's clock.
import type { Reason } from '../domain/policy.ts';
import type {
  EndingDecisionKind,
  Review,
  ReviewEvent,
  ReviewFilter,
  ReviewKind,
  ReviewStatus,
} from '../domain/review.ts';
import type { FinishReason } from '../domain/turn.ts';
import type { Database, Statement } from './database.ts';

export interface ReviewRow {
  readonly review_id: string;
  readonly kind: ReviewKind;
  readonly turn_id: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly status: ReviewStatus;
  readonly reasons: Reason[];
  readonly text: string;
  readonly assistant: string | null;
  readonly draft: string | null;
  readonly revision: number;
  /** Null: no new draft is being written. */
  readonly revise_note: string | null;
  readonly revise_by: string | null;
  readonly revise_at: Date | null;
  readonly step: number | null;
  readonly tool: string | null;
  readonly call_id: string | null;
  readonly arguments: string | null;
  readonly finish_reason: FinishReason | null;
  readonly claimed_by: string | null;
  readonly claimed_until: Date | null;
  readonly deadline: Date;
  readonly overdue: boolean;
  readonly decision: EndingDecisionKind | null;
  readonly reply: string | null;
  readonly decided_value: string | null;
  readonly note: string | null;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly created_at: Date;
  readonly stale: boolean;
  readonly traceparent: string | null;
}

/** The query for reviews, to be completed with where and order by. */
export const REVIEW_SELECT = `select r.review_id, r.kind, r.turn_id, r.user_id, r.session_id, r.seq, r.status, r.reasons, t.text, t.assistant, r.draft, r.finish_reason,
  r.revision, r.revise_note, r.revise_by, r.revise_at, r.step, r.tool, r.call_id, r.arguments, r.decided_value,
  case when r.claimed_until > now() then r.claimed_by end as claimed_by,
  case when r.claimed_until > now() then r.claimed_until end as claimed_until,
  r.deadline, r.deadline <= now() as overdue, r.decision, r.reply, r.note, r.decided_by, r.decided_at, r.created_at,
  exists (select 1 from turns later where later.user_id = r.user_id and later.seq > r.seq
          and later.session_id = r.session_id) as stale, t.traceparent
  from reviews r join turns t on t.turn_id = r.turn_id`;

/** Converts a row to a review. */
export const reviewOf = (row: ReviewRow): Review => ({
  reviewId: row.review_id,
  kind: row.kind,
  turnId: row.turn_id,
  userId: row.user_id,
  sessionId: row.session_id,
  seq: row.seq,
  status: row.status,
  reasons: row.reasons,
  text: row.text,
  assistant: row.assistant,
  draft: row.draft,
  revision: row.revision,
  drafting: row.revise_note === null ? null : { note: row.revise_note, by: row.revise_by!, since: row.revise_at! },
  toolCall:
    row.step === null ? null : { tool: row.tool!, arguments: row.arguments!, callId: row.call_id!, step: row.step },
  finishReason: row.finish_reason,
  claimedBy: row.claimed_by,
  claimedUntil: row.claimed_until,
  deadline: row.deadline,
  overdue: row.overdue,
  decision: row.decision,
  reply: row.reply,
  decidedValue: row.decided_value,
  note: row.note,
  decidedBy: row.decided_by,
  decidedAt: row.decided_at,
  createdAt: row.created_at,
  stale: row.stale,
  traceparent: row.traceparent,
});

const BY_ID: Statement = { name: 'review-by-id', sql: `${REVIEW_SELECT} where r.review_id = ?` };
const OF_REPLY: Statement = {
  name: 'review-of-reply',
  sql: `${REVIEW_SELECT} where r.turn_id = ? and r.kind = 'reply'`,
};
const PENDING_OF_TURN: Statement = {
  name: 'review-pending-of-turn',
  sql: `${REVIEW_SELECT} where r.turn_id = ? and case r.status when 'pending' then true else false end`,
};

/** The review; null: it does not exist. @throws Unavailable */
export async function findReview(database: Database, reviewId: string): Promise<Review | null> {
  const [row] = await database.rows<ReviewRow>(BY_ID, [reviewId]);
  return row ? reviewOf(row) : null;
}

/** The review of a turn's reply; null: none. @throws Unavailable */
export async function reviewOfReply(database: Database, turnId: string): Promise<Review | null> {
  const [row] = await database.rows<ReviewRow>(OF_REPLY, [turnId]);
  return row ? reviewOf(row) : null;
}

/** The review that a turn awaits; null: none. @throws Unavailable */
export async function pendingReviewOf(database: Database, turnId: string): Promise<Review | null> {
  const [row] = await database.rows<ReviewRow>(PENDING_OF_TURN, [turnId]);
  return row ? reviewOf(row) : null;
}

const PENDING: Statement = {
  name: 'reviews-pending-among',
  sql: "select review_id from reviews where review_id = any(?::uuid[]) and status = 'pending'",
};

/** Those of these reviews that are pending. @throws Unavailable */
export async function pendingAmong(database: Database, reviewIds: readonly string[]): Promise<Set<string>> {
  const rows = await database.rows<{ review_id: string }>(PENDING, [reviewIds]);
  return new Set(rows.map((row) => row.review_id));
}

const given = <T>(value: T | undefined): readonly T[] | undefined => (value === undefined ? undefined : [value]);

/** The filters of a list: each has a condition, and bindings that are undefined if the filter is not set. */
const CONDITIONS: Readonly<
  Record<string, readonly [sql: string, bindings: (filter: ReviewFilter) => readonly unknown[] | undefined]>
> = {
  status: ['r.status = ?', ({ status }) => given(status)],
  kind: ['r.kind = ?', ({ kind }) => given(kind)],
  assistant: ['t.assistant = ?', ({ assistant }) => given(assistant)],
  user: ['r.user_id = ?', ({ userId }) => given(userId)],
  rule: ['r.reasons @> ?::jsonb', ({ rule }) => given(rule && JSON.stringify([{ rule }]))],
  claimed: ['r.claimed_by = ? and r.claimed_until > now()', ({ claimedBy }) => given(claimedBy)],
  decided: ['r.decided_by = ?', ({ decidedBy }) => given(decidedBy)],
  since: ['r.decided_at >= ?', ({ decidedSince }) => given(decidedSince)],
  after: [
    '(r.deadline, r.review_id) > (?::timestamptz, ?::uuid)',
    ({ after }) => after && [after.deadline, after.reviewId],
  ],
};

/** Reviews, oldest deadline first. Each set of conditions is its own statement, rather than one statement with optional
 *  parts, so that each has its own plan. @throws Unavailable */
export async function listReviews(database: Database, filter: ReviewFilter): Promise<Review[]> {
  const conditions = Object.entries(CONDITIONS).flatMap(([name, [sql, bindingsOf]]) => {
    const bindings = bindingsOf(filter);
    return bindings ? [{ name, sql, bindings }] : [];
  });
  const where = conditions.length > 0 ? ` where ${conditions.map(({ sql }) => sql).join(' and ')}` : '';
  const name = ['reviews-list', ...conditions.map((each) => each.name)].join('-');
  const sql = `${REVIEW_SELECT}${where} order by r.deadline, r.review_id limit ?`;
  const bindings = [...conditions.flatMap((each) => each.bindings), filter.limit];
  return (await database.rows<ReviewRow>({ name, sql }, bindings)).map(reviewOf);
}

const OF_USER: Statement = {
  name: 'reviews-of-user',
  sql: `${REVIEW_SELECT} where r.user_id = ? and (r.seq, r.review_id) > (?::int8, ?::uuid)
        order by r.seq, r.review_id limit ?`,
};
const FIRST = { seq: 0, reviewId: '00000000-0000-0000-0000-000000000000' };

/** A user's reviews in the order of their turns, after this one. @throws Unavailable */
export async function reviewsOfUser(
  database: Database,
  userId: string,
  after: Pick<Review, 'seq' | 'reviewId'> | undefined,
  limit: number,
): Promise<Review[]> {
  const { seq, reviewId } = after ?? FIRST;
  return (await database.rows<ReviewRow>(OF_USER, [userId, seq, reviewId, limit])).map(reviewOf);
}

const CLAIM: Statement = {
  name: 'review-claim',
  sql: `with claimed as (
          update reviews set claimed_by = ?, claimed_until = now() + ?::float8 * interval '1 second'
          where review_id = ? and status = 'pending' and deadline > now()
            and (claimed_by is null or claimed_until <= now() or claimed_by = ?)
          returning review_id, claimed_by)
        insert into review_events (event_id, review_id, who, what) select ?::uuid, review_id, claimed_by, 'claimed' from claimed
        returning review_id`,
};
const RELEASE: Statement = {
  name: 'review-release',
  sql: `with released as (
          update reviews set claimed_by = null, claimed_until = null
          where review_id = ? and claimed_by = ? and claimed_until > now() returning review_id)
        insert into review_events (event_id, review_id, who, what) select ?::uuid, review_id, ?, 'released' from released
        returning review_id`,
};

/** Takes or renews the lease. False: another reviewer holds it, or the review is not pending. @throws Unavailable */
export async function claimReview(
  database: Database,
  { reviewId, by, leaseS, eventId }: { reviewId: string; by: string; leaseS: number; eventId: string },
): Promise<boolean> {
  return (await database.rows(CLAIM, [by, leaseS, reviewId, by, eventId])).length === 1;
}

/** Releases the lease. Does nothing if `by` does not hold it. @throws Unavailable */
export async function releaseReview(
  database: Database,
  { reviewId, by, eventId }: { reviewId: string; by: string; eventId: string },
): Promise<void> {
  await database.rows(RELEASE, [reviewId, by, eventId, by]);
}

const EVENTS: Statement = {
  name: 'review-events',
  sql: 'select at, who, what, reasons, original, edit, note from review_events where review_id = ? order by at, event_id',
};

/** The audit trail of a review, oldest first. @throws Unavailable */
export const eventsOfReview = (database: Database, reviewId: string): Promise<ReviewEvent[]> =>
  database.rows<ReviewEvent>(EVENTS, [reviewId]);
