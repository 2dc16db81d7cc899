// Ends the review of a reply by one conditional statement. The first one that moves the turn out of `awaiting_review` wins.
import type { Ending } from '../domain/review.ts';
import type { OutboxEvent } from '../domain/events.ts';
import { DELIVER, eventBindings, JOURNAL } from './commit-turn.ts';
import type { Database, Statement } from './database.ts';
import { NOT_DRAFTING } from './revisions/revisions.ts';

/** Of two concurrent endings the second one finds the turn in another status: the turn's status is the fence, and the
 *  review follows it. Turn and review are locked before they are changed, so that a revision that was committed meanwhile is
 *  noticed: the ending is about another draft then. `case`: the turn is found by its id, never through an index by status. Here only the review is
 *  counted; a delivered turn is counted by its event. */
const end = (name: string, when: string): Statement => ({
  name,
  sql: `with r as materialized (
          select reviews.review_id, reviews.turn_id, reviews.draft from turns join reviews on reviews.turn_id = turns.turn_id
          where reviews.review_id = ? and reviews.status = 'pending' and ${when}
            and reviews.revision = ?::int4 and (reviews.revise_note is null or ?::bool)
            and case turns.status when 'awaiting_review' then true else false end
          for update of turns, reviews),
        done as (
          update turns set status = ?, reply = ?, finish_reason = ?::text, finished_at = now() from r where turns.turn_id = r.turn_id
          returning turns.turn_id, turns.user_id, turns.session_id, turns.seq, turns.text, turns.reply, turns.tags, turns.metadata,
                    ${JOURNAL}, turns.status, turns.input_tokens, turns.output_tokens, turns.finished_at, r.review_id, r.draft),
        ended as (
          update reviews set status = ?, decision = ?, reply = done.reply, note = ?, decided_by = ?, decided_at = done.finished_at,
                 claimed_by = null, claimed_until = null, ${NOT_DRAFTING}
          from done where reviews.review_id = done.review_id
          returning reviews.review_id, reviews.status, reviews.decision, reviews.draft, reviews.reply, reviews.note, reviews.decided_by),
        audited as (
          insert into review_events (event_id, review_id, who, what, original, edit, note)
          select ?::uuid, review_id, decided_by, status, draft, case when decision = 'edit' then reply end, note from ended),
        forgotten as (delete from kept_decisions where turn_id in (select turn_id from done)),
        counted as (
          insert into analytics_days (user_id, day, status, turns, reviewed, input_tokens, output_tokens, first_at, last_at)
          select user_id, (finished_at at time zone 'UTC')::date, status, case when reply is null then 1 else 0 end,
                 case when status in ('completed', 'rejected') then 1 else 0 end,
                 case when reply is null then coalesce(input_tokens, 0) else 0 end,
                 case when reply is null then coalesce(output_tokens, 0) else 0 end, finished_at, finished_at from done
          on conflict (user_id, day, status) do update
          set turns = analytics_days.turns + excluded.turns, reviewed = analytics_days.reviewed + excluded.reviewed,
              input_tokens = analytics_days.input_tokens + excluded.input_tokens,
              output_tokens = analytics_days.output_tokens + excluded.output_tokens,
              last_at = greatest(analytics_days.last_at, excluded.last_at)),
        ${DELIVER}
        select turn_id from done`,
});

const END = {
  before: end('review-decide', 'reviews.deadline > now()'),
  after: end('review-deadline', 'reviews.deadline <= now()'),
  any: end('review-cancel', 'true'),
} as const;

/** When the statement must run, relative to the deadline and by the database's clock. */
export type Moment = keyof typeof END;

export interface ReviewToEnd {
  readonly reviewId: string;
  readonly turnId: string;
  /** Of the draft that the ending is about. */
  readonly revision: number;
  readonly auditId: string;
  readonly moment: Moment;
}

/** Ends the review and its turn, and delivers the reply if there is one. False: the review has ended already, has another
 *  draft, gets a new one, or the time does not match `moment`; nothing was written. @throws Unavailable */
export async function endReview(
  database: Database,
  { reviewId, turnId, revision, auditId, moment }: ReviewToEnd,
  ending: Ending,
  events: readonly OutboxEvent[],
): Promise<boolean> {
  const { turnStatus, reply, finishReason, status, decision, whileDrafting, note, by } = ending;
  const rows = await database.rows(END[moment], [
    reviewId,
    revision,
    whileDrafting,
    turnStatus,
    reply,
    finishReason,
    status,
    decision,
    note,
    by,
    auditId,
    ...eventBindings(events.map((event) => ({ turnId, event }))),
  ]);
  return rows.length === 1;
}

const OVERDUE: Statement = {
  name: 'reviews-overdue',
  sql: `select review_id from reviews where status = 'pending' and deadline <= now()
          and coalesce(kept_at, deadline) >= deadline
          and (kind <> 'reply' or coalesce((select k.created_at from kept_decisions k where k.turn_id = reviews.turn_id), deadline) >= deadline)
        order by deadline, review_id limit ?`,
};

/** Reviews whose deadline has passed and for which no decision was made in time. @throws Unavailable */
export async function overdueReviews(database: Database, limit: number): Promise<string[]> {
  const rows = await database.rows<{ review_id: string }>(OVERDUE, [limit]);
  return rows.map((row) => row.review_id);
}
