// The review events, in the same order for all readers. An event gets its position after its commit, under one lock: a
// reader that sees a position sees all positions before it, however late an event is committed. The time of an event
// (`at`) and ids made by processes do not have this property. A position is set once; nothing else in the audit trail
// changes.
import type { Review } from '../domain/review.ts';
import type { Database, Statement } from './database.ts';
import { REVIEW_SELECT, reviewOf, type ReviewRow } from './reviews.ts';

/** Maximum of events that are numbered under one lock, so that the lock is short. */
const NUMBERED = 500;
/** Maximum of events in one read, and so in the memory of a slow reader. */
export const FEED_PAGE = 50;

const ANY: Statement = {
  name: 'review-feed-any',
  sql: 'select 1 from review_events where position is null order by at, event_id limit 1',
};
const LOCK: Statement = {
  name: 'review-feed-lock',
  sql: "select last from review_positions where name = 'review-events' for update",
};
const NUMBER: Statement = {
  name: 'review-feed-number',
  sql: `with next as (
          select event_id, row_number() over (order by at, event_id) as n
          from review_events where position is null order by at, event_id limit ?)
        update review_events set position = ?::int8 + next.n from next where review_events.event_id = next.event_id
        returning position`,
};
const ADVANCE: Statement = {
  name: 'review-feed-advance',
  sql: "update review_positions set last = ? where name = 'review-events'",
};

/** Assigns positions to all events that are committed by now. Safe to run concurrently. @throws Unavailable */
export async function numberReviewEvents(database: Database): Promise<void> {
  while ((await database.rows(ANY, [])).length > 0) {
    await database.transaction(async (queries) => {
      const [head] = await queries.rows<{ last: number }>(LOCK, []);
      // A separate statement after the lock, so that it sees the positions that earlier holders of the lock assigned.
      const numbered = await queries.rows<{ position: number }>(NUMBER, [NUMBERED, head!.last]);
      await queries.rows(ADVANCE, [Math.max(head!.last, ...numbered.map(({ position }) => position))]);
    });
  }
}

const AFTER: Statement = {
  name: 'review-feed-after',
  sql: `select e.position, listed.* from review_events e
        join (${REVIEW_SELECT}) listed on listed.review_id = e.review_id
        where e.position > ? order by e.position limit ?`,
};

export interface FeedReview {
  readonly position: number;
  /** The current state of the review, which may include later events. */
  readonly review: Review;
}

async function readAll(database: Database, afters: readonly number[]): Promise<FeedReview[][]> {
  await numberReviewEvents(database);
  const pages = new Map<number, FeedReview[]>();
  for (const after of new Set(afters)) {
    const rows = await database.rows<ReviewRow & { position: number }>(AFTER, [after, FEED_PAGE]);
    pages.set(
      after,
      rows.map((row) => ({ position: row.position, review: reviewOf(row) })),
    );
  }
  return afters.map((after) => pages.get(after)!);
}

/** The events after a position, at most FEED_PAGE, including all that were committed before the call. Readers at the
 *  same position share one query and its objects. @throws Unavailable */
export const reviewsAfter = (database: Database, after: number): Promise<FeedReview[]> =>
  database.batched('review-feed', after, readAll);

const POSITIONS: Statement = {
  name: 'review-feed-places',
  sql: `select last, coalesce((
          select min(position) - 1 from (
            select position, at from review_events where position is not null order by position desc limit 1000) lately
          where at > now() - ?::float8 * interval '1 second'), last) as lately
        from review_positions where name = 'review-events'`,
};

/** The last position, and the position before the events of the last `s` seconds (`lately`). @throws Unavailable */
export async function feedPositions(database: Database, s: number): Promise<{ last: number; lately: number }> {
  const [row] = await database.rows<{ last: number; lately: number }>(POSITIONS, [s]);
  return row!;
}
