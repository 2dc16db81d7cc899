// Removes jobs of `human-review` whose review has ended. The process that ends a review removes its job at once; this finds
// the others: Redis was unavailable at that moment, the job was added later, or Redis was restored from an old copy.
import type { JobType } from 'bullmq';
import { isUuid } from '../domain/limits.ts';
import type { Database } from '../store/database.ts';
import { pendingAmong } from '../store/reviews.ts';
import type { Queues } from './queues.ts';

/** All states but `active`: a consumer has that job now, and removes or fails it. */
const STATES: readonly JobType[] = ['wait', 'prioritized', 'delayed', 'failed'];
/** Jobs of each state that one call reads. */
const PAGE = 500;
/** Shortest time between two calls that read jobs. */
const PAUSE_MS = 5_000;

export interface ClosedReviewsDeps {
  readonly database: Database;
  readonly queues: Pick<Queues, 'get' | 'withdrawReview'>;
}

export class ClosedReviews {
  readonly #deps: ClosedReviewsDeps;
  #position = 0;
  #readAt = -Infinity;

  constructor(deps: ClosedReviewsDeps) {
    this.#deps = deps;
  }

  /** Reads the next page of jobs, and removes those whose review is not pending. After the last page it starts again, so
   *  it finds every job after some calls, however many there are. Rejects while the database or Redis is unavailable. */
  async sweep(): Promise<void> {
    if (performance.now() - this.#readAt < PAUSE_MS) return;
    this.#readAt = performance.now();
    const { database, queues } = this.#deps;
    const found = await queues
      .get('human-review')
      .getRanges([...STATES], this.#position, this.#position + PAGE - 1, true);
    this.#position = found.length < PAGE ? 0 : this.#position + PAGE;
    // The id of a job is that of its review. Jobs with other ids were added by somebody else.
    const reviewIds = found.filter(isUuid);
    if (reviewIds.length === 0) return;
    const pending = await pendingAmong(database, reviewIds);
    for (const reviewId of reviewIds) if (!pending.has(reviewId.toLowerCase())) await queues.withdrawReview(reviewId);
  }
}
