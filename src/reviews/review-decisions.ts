// Where reviews end: by a decision, by one that came early, by the deadline, by the cancelling of the turn.
import type { Hooks } from '../domain/events.ts';
import { newId } from '../domain/ids.ts';
import type { Log } from '../telemetry/log.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Database } from '../store/database.ts';
import { forgetKeptDecisions, keepEarlyDecision, keptDecisionOf, keptDecisions } from '../store/kept-decisions.ts';
import { endReview, overdueReviews, type Moment } from '../store/end-review.ts';
import { findReview, reviewOfTurn } from '../store/reviews.ts';
import { deliveryEvents } from '../domain/events.ts';
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
/** Endings at once, so that a sweep of many leaves connections to the replies. */
const AT_ONCE = 8;

export interface ReviewDecisionsDeps {
  readonly database: Database;
  readonly onDeadline: DeadlineOutcome;
  readonly hooks: Pick<Hooks, 'turnChanged' | 'reviewChanged' | 'eventsCommitted'>;
  /** Takes the event back that asks for a person. */
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

  /** Applies a decision that came over the topic; one whose turn does not wait yet is kept. Safe to repeat.
   *  @throws Unavailable */
  async decide({ ids, decision }: AddressedDecision): Promise<DecideOutcome> {
    const found = await this.#find(ids);
    if (found === 'contradiction') return 'unknown';
    if (found) return this.apply(found, decision);
    const [turnId] = ids;
    // Two ids of nothing known cannot both be the turn's.
    if (turnId === undefined || new Set(ids).size > 1) return 'unknown';
    const status = await keepEarlyDecision(this.#deps.database, turnId, decision);
    if (status === 'queued' || status === 'running') return 'kept';
    // It parked between the two looks; or it is no turn, or one that ended without a review.
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

  /** Applies a decision to a review. `whenever`: it was made in time, which was seen already.
   *  @throws Unavailable */
  async apply(review: Review, decision: Decision, moment: Moment = 'before'): Promise<'applied' | DecisionOutcome> {
    const inTime = moment === 'whenever';
    const known = outcomeOf(review, decision, inTime);
    if (known) return known;
    if (await this.#end(review, endingOf(review, decision), moment)) return 'applied';
    // Somebody, or the deadline, was faster; or the turn ended by another way, and then nothing can be decided.
    const now = await findReview(this.#deps.database, review.reviewId);
    return (now && outcomeOf(now, decision, inTime)) ?? 'conflict';
  }

  /** To be called when a turn has been parked: a decision may have come before. @throws Unavailable */
  async applyKept(turnId: string): Promise<void> {
    const kept = await keptDecisionOf(this.#deps.database, turnId);
    const review = kept && (await reviewOfTurn(this.#deps.database, turnId));
    if (review) await this.apply(review, kept.decision, 'whenever');
  }

  /** Cancels a turn that awaits review, and its review. False: it does not await review. @throws Unavailable */
  async cancel(turnId: string, by: string | null): Promise<boolean> {
    const review = await reviewOfTurn(this.#deps.database, turnId);
    return review?.status === 'pending' && this.#end(review, endingByCancel(by), 'whenever');
  }

  /** Applies kept decisions that nobody applied, then ends what is overdue. Rejects with Unavailable. */
  async sweep(): Promise<void> {
    const { database, onDeadline } = this.#deps;
    for (const { turnId } of await keptDecisions(database, PAGE)) await this.applyKept(turnId);
    await forgetKeptDecisions(database);
    for (let due: string[]; (due = await overdueReviews(database, PAGE)).length > 0;) {
      let ended = 0;
      for (let at = 0; at < due.length; at += AT_ONCE) {
        const ends = due.slice(at, at + AT_ONCE).map(async (reviewId) => {
          const review = await findReview(database, reviewId);
          return review !== null && this.#end(review, endingAtDeadline(review, onDeadline), 'after');
        });
        ended += (await Promise.all(ends)).filter(Boolean).length;
      }
      // The next page would be this one again.
      if (due.length < PAGE || ended === 0) return;
    }
  }

  /** In the trace of the turn, however much later it is. */
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
    // A hint only: who still takes the event up is told that the review has ended.
    withdraw(reviewId).catch(() => {});
    return true;
  }
}
