// Ends reviews: by a decision, by a decision that arrived before the turn was parked, at the deadline, or when the turn
// is cancelled.
import { type Hooks, deliveryEvents } from '../domain/events.ts';
import { newId } from '../domain/ids.ts';
import type { Log } from '../telemetry/log.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Database } from '../store/database.ts';
import { forgetKeptDecisions, keepEarlyDecision, keptDecisionOf, keptDecisions } from '../store/kept-decisions.ts';
import { endReview, overdueReviews, type Moment } from '../store/end-review.ts';
import { findReview, reviewOfTurn } from '../store/reviews.ts';
import type { AddressedDecision } from '../domain/decision-events.ts';
import {
  endingAtDeadline,
  endingByCancel,
  endingOf,
  outcomeOf,
  type DeadlineOutcome,
  type Decision,
  type Ending,
  type Review,
  type DecisionOutcome,
} from '../domain/review.ts';

const PAGE = 200;
/** Reviews that a sweep ends at the same time. The limit leaves database connections for other work. */
const PARALLEL = 8;

export interface ReviewDecisionsDeps {
  readonly database: Database;
  readonly onDeadline: DeadlineOutcome;
  readonly hooks: Pick<Hooks, 'turnChanged' | 'reviewChanged' | 'eventsCommitted'>;
  /** Removes the event that requested the review from its topic. */
  readonly withdraw: (reviewId: string) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Log;
}

export type DecideOutcome = 'applied' | DecisionOutcome | 'kept' | 'unknown';

export class ReviewDecisions {
  readonly #deps: ReviewDecisionsDeps;

  constructor(deps: ReviewDecisionsDeps) {
    this.#deps = deps;
  }

  /** Applies a decision from the topic. If its turn is still queued or running, the decision is kept until the turn is
   *  parked. Idempotent. @throws Unavailable */
  async decide({ ids, decision }: AddressedDecision): Promise<DecideOutcome> {
    const found = await this.#find(ids);
    if (found === 'contradiction') return 'unknown';
    if (found) return this.apply(found, decision);
    const [turnId] = ids;
    // Two different ids that match no review cannot both be the id of one turn.
    if (turnId === undefined || new Set(ids).size > 1) return 'unknown';
    const status = await keepEarlyDecision(this.#deps.database, turnId, decision);
    if (status === 'queued' || status === 'running') return 'kept';
    // The turn may have been parked between the two statements. Otherwise it does not exist or ended without a review.
    const parked = status === null ? null : await reviewOfTurn(this.#deps.database, turnId);
    return parked ? this.apply(parked, decision) : 'unknown';
  }

  async #find(ids: readonly string[]): Promise<Review | null | 'contradiction'> {
    const { database } = this.#deps;
    const found = await Promise.all(
      ids.map(async (id) => (await findReview(database, id)) ?? (await reviewOfTurn(database, id))),
    );
    const [first = null, ...others] = found;
    return others.every((other) => other?.reviewId === first?.reviewId) ? first : 'contradiction';
  }

  /** Applies a decision to a review. `moment`: with `any` the deadline is not checked, because the caller knows
   *  that the decision was made in time. @throws Unavailable */
  async apply(review: Review, decision: Decision, moment: Moment = 'before'): Promise<'applied' | DecisionOutcome> {
    const madeInTime = moment === 'any';
    const known = outcomeOf(review, decision, madeInTime);
    if (known) return known;
    if (await this.#end(review, endingOf(review, decision), moment)) return 'applied';
    // Another decision or the deadline came first. If the turn ended in another way, the decision is a conflict.
    const current = await findReview(this.#deps.database, review.reviewId);
    return (current && outcomeOf(current, decision, madeInTime)) ?? 'conflict';
  }

  /** Applies a decision that arrived before the turn was parked. To be called after the turn was parked.
   *  @throws Unavailable */
  async applyKept(turnId: string): Promise<void> {
    const kept = await keptDecisionOf(this.#deps.database, turnId);
    const review = kept && (await reviewOfTurn(this.#deps.database, turnId));
    if (review) await this.apply(review, kept.decision, 'any');
  }

  /** Cancels a turn that awaits review, and its review. False: the turn does not await review. @throws Unavailable */
  async cancel(turnId: string, by: string | null): Promise<boolean> {
    const review = await reviewOfTurn(this.#deps.database, turnId);
    return review?.status === 'pending' && this.#end(review, endingByCancel(by), 'any');
  }

  /** Applies kept decisions that were not applied yet, then ends overdue reviews. @throws Unavailable */
  async sweep(): Promise<void> {
    const { database, onDeadline } = this.#deps;
    for (const { turnId } of await keptDecisions(database, PAGE)) await this.applyKept(turnId);
    await forgetKeptDecisions(database);
    for (let due: string[]; (due = await overdueReviews(database, PAGE)).length > 0;) {
      let ended = 0;
      for (let from = 0; from < due.length; from += PARALLEL) {
        const ends = due.slice(from, from + PARALLEL).map(async (reviewId) => {
          const review = await findReview(database, reviewId);
          return review !== null && this.#end(review, endingAtDeadline(review, onDeadline), 'after');
        });
        ended += (await Promise.all(ends)).filter(Boolean).length;
      }
      // If no review could be ended, the next page would be the same one.
      if (due.length < PAGE || ended === 0) return;
    }
  }

  /** Ends the review in a span of the turn's trace. False: it had already ended, or the deadline check failed. */
  #end(review: Review, ending: Ending, moment: Moment): Promise<boolean> {
    const attributes = { 'turnkeeper.review_id': review.reviewId, 'turnkeeper.review_status': ending.status };
    return inSpan('review end', { parent: review.traceparent, attributes }, () => this.#endNow(review, ending, moment));
  }

  async #endNow(review: Review, ending: Ending, moment: Moment): Promise<boolean> {
    const { database, hooks, withdraw, metrics, log } = this.#deps;
    const { reviewId, turnId } = review;
    const events = ending.reply === null ? [] : deliveryEvents(review, ending.reply, traceparent());
    if (!(await endReview(database, { reviewId, turnId, auditId: newId(), moment }, ending, events))) return false;
    hooks.turnChanged(turnId);
    hooks.reviewChanged();
    hooks.eventsCommitted(events);
    metrics.reviewsEnded.inc({ status: ending.status });
    log.info({ review_id: reviewId, turn_id: turnId, status: ending.status }, 'A review ended.');
    // Best effort: a consumer that still receives the event can see that the review has ended.
    withdraw(reviewId).catch(() => {});
    return true;
  }
}
