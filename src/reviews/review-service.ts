// The review operations of the ingress: list, read, claim and release reviews, and post decisions to their topic.
import { wakeUp } from '../concurrency/wake-up.ts';
import { within } from '../concurrency/within.ts';
import type { Hooks, TurnHints } from '../domain/events.ts';
import { afterWrite } from '../domain/errors.ts';
import { newId } from '../domain/ids.ts';
import type { Log } from '../telemetry/log.ts';
import { lastOfBranch } from '../store/conversations.ts';
import type { Database } from '../store/database.ts';
import { keepDecision, keepToolDecision } from '../store/kept-decisions.ts';
import { picturesOfTurn } from '../store/pictures/turn-pictures.ts';
import {
  claimReview,
  eventsOfReview,
  findReview,
  listReviews,
  releaseReview,
  reviewsOfUser,
} from '../store/reviews.ts';
import type { ConversationRow } from '../domain/conversation.ts';
import type { Picture } from '../domain/pictures/picture.ts';
import type { ReviewDecisions } from './review-decisions.ts';
import {
  aboutDraftOf,
  endsReview,
  outcomeOf,
  type Decision,
  type Review,
  type ReviewEvent,
  type ReviewFilter,
  type DecisionOutcome,
} from '../domain/review.ts';

/** Exchanges of the session that are shown to a reviewer. */
const HISTORY_EXCHANGES = 50;
/** Longest wait until a posted decision is applied. After that the decision stays in its topic and is applied later. */
const APPLIED_WITHIN_MS = 5_000;
const POLL_MS = 500;
const POSTED_WITHIN_MS = 2_000;

export interface ReviewServiceDeps {
  readonly database: Database;
  readonly decisions: ReviewDecisions;
  readonly claimLeaseS: number;
  /** Posts to the topic `review-decisions`. */
  readonly post: (review: Review, decision: Decision) => Promise<void>;
  readonly hints: Pick<TurnHints, 'listenTo'>;
  readonly hooks: Pick<Hooks, 'reviewChanged'>;
  readonly log: Log;
}

export type DecideReply =
  | { readonly outcome: 'unknown' }
  /** `queued`: the decision was stored and will be applied. */
  | { readonly outcome: DecisionOutcome | 'queued'; readonly review: Review };

export type ReviewClaimReply =
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'claimed' | 'claimed_by_other' | 'ended' | 'late'; readonly review: Review };

export class ReviewService {
  readonly #deps: ReviewServiceDeps;

  constructor(deps: ReviewServiceDeps) {
    this.#deps = deps;
  }

  find(reviewId: string): Promise<Review | null> {
    return findReview(this.#deps.database, reviewId);
  }

  list(filter: ReviewFilter): Promise<Review[]> {
    return listReviews(this.#deps.database, filter);
  }

  /** The last delivered messages of the branch to which the turn of the review belongs, oldest first: also those after it,
   *  which the decision may depend on. */
  history(review: Pick<Review, 'sessionId' | 'seq'>): Promise<ConversationRow[]> {
    return lastOfBranch(this.#deps.database, review, HISTORY_EXCHANGES);
  }

  /** The pictures of the message, in order. */
  pictures(review: Pick<Review, 'userId' | 'turnId'>): Promise<Picture[]> {
    return picturesOfTurn(this.#deps.database, review);
  }

  ofUser(userId: string, after: Review | undefined, limit: number): Promise<Review[]> {
    return reviewsOfUser(this.#deps.database, userId, after, limit);
  }

  events(reviewId: string): Promise<ReviewEvent[]> {
    return eventsOfReview(this.#deps.database, reviewId);
  }

  /** Claims the review for `by`, or renews the claim. The lease is advisory: it does not prevent others from deciding.
   *  @throws Unavailable */
  async claim(reviewId: string, by: string): Promise<ReviewClaimReply> {
    const { database, claimLeaseS: leaseS } = this.#deps;
    const claimed = await claimReview(database, { reviewId, by, leaseS, eventId: newId() });
    if (claimed) this.#deps.hooks.reviewChanged();
    const find = () => this.find(reviewId);
    const review = await (claimed ? afterWrite(find) : find());
    if (!review) return { outcome: 'unknown' };
    if (claimed) return { outcome: 'claimed', review };
    if (review.status !== 'pending') return { outcome: 'ended', review };
    return { outcome: review.overdue ? 'late' : 'claimed_by_other', review };
  }

  /** Releases the review if `by` holds its claim. False: the review does not exist. @throws Unavailable */
  async release(reviewId: string, by: string): Promise<boolean> {
    await releaseReview(this.#deps.database, { reviewId, by, eventId: newId() });
    this.#deps.hooks.reviewChanged();
    return (await afterWrite(() => this.find(reviewId))) !== null;
  }

  /** Applies a request for a new draft at once: it is a row before it is answered, and a worker finds it there. Any other decision
   *  is posted to its topic, and this waits until the review is decided. It is stored as a row first, so
   *  that it survives the loss of Redis jobs. If Redis is unavailable, the decision is applied at once. Every path ends
   *  in the same conditional update, so that using two of them is safe. @throws Unavailable */
  async decide(found: Review, given: Decision): Promise<DecideReply> {
    const { reviewId } = found;
    const decision = aboutDraftOf(found, given);
    const known = outcomeOf(found, decision);
    if (known) return { outcome: known, review: found };
    if (!endsReview(decision)) return this.#revise(found, decision);
    const { database } = this.#deps;
    if (found.kind === 'reply') await keepDecision(database, found.turnId, decision);
    else await keepToolDecision(database, reviewId, decision);
    try {
      await within(POSTED_WITHIN_MS, this.#deps.post(found, decision));
    } catch (error) {
      this.#deps.log.warn(
        { review_id: reviewId, detail: (error as Error).message },
        'A decision could not be posted to its topic and is applied at once.',
      );
      await afterWrite(() => this.#deps.decisions.apply(found, decision));
    }
    return afterWrite(() => this.#awaitOutcome(found, decision));
  }

  async #revise(found: Review, decision: Decision): Promise<DecideReply> {
    const outcome = await this.#deps.decisions.apply(found, decision);
    const review = await afterWrite(() => this.find(found.reviewId));
    return review ? { outcome: outcome === 'applied' ? 'already_applied' : outcome, review } : { outcome: 'unknown' };
  }

  async #awaitOutcome(posted: Review, decision: Decision): Promise<DecideReply> {
    const deadline = performance.now() + APPLIED_WITHIN_MS;
    const { wake, wait } = wakeUp();
    const unlisten = this.#deps.hints.listenTo(posted.turnId, wake);
    try {
      for (;;) {
        const review = await this.find(posted.reviewId);
        if (!review) return { outcome: 'unknown' };
        // The decision was stored before the deadline, so it is in time even if the review is overdue now.
        const outcome = outcomeOf(review, decision, true);
        if (outcome) return { outcome, review };
        const leftMs = deadline - performance.now();
        if (leftMs <= 0) return { outcome: 'queued', review };
        await wait(Math.min(leftMs, POLL_MS));
      }
    } finally {
      unlisten();
    }
  }
}
