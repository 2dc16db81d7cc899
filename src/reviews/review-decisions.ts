// Ends reviews: by a decision, by a decision that arrived before the turn was parked, at the deadline, or when the turn
// is cancelled. Also records that a reviewer wants a new draft, which a worker writes.
import { type Hooks, deliveryEvents } from '../domain/events.ts';
import { newId } from '../domain/ids.ts';
import type { Log } from '../telemetry/log.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Database } from '../store/database.ts';
import {
  dropKeptDecision,
  forgetKeptDecisions,
  keepEarlyDecision,
  keptDecisionOf,
  keptDecisions,
  keptToolDecisions,
} from '../store/kept-decisions.ts';
import { endReview, overdueReviews, type Moment } from '../store/end-review.ts';
import { findReview, pendingReviewOf, reviewOfReply } from '../store/reviews.ts';
import { requestRevision } from '../store/revisions/revisions.ts';
import { endToolReview } from '../store/steps/end-tool-review.ts';
import type { AddressedDecision } from '../domain/decision-events.ts';
import {
  aboutDraftOf,
  endingAtDeadline,
  endingByCancel,
  endingOf,
  endsReview,
  outcomeOf,
  type DeadlineOutcome,
  type Decision,
  type DecisionKind,
  type Ending,
  type EndingDecision,
  type Review,
  type ReviewStatus,
  type DecisionOutcome,
} from '../domain/review.ts';
import {
  toolEndingAtDeadline,
  toolEndingByCancel,
  toolEndingOf,
  type ToolEnding,
} from '../domain/tools/tool-ending.ts';

const PAGE = 200;
/** Reviews that a sweep ends at the same time. The limit leaves database connections for other work. */
const PARALLEL = 8;
/** How often a decision is tried on a review that changes at the same time. It changes a few times at most. */
const TRIES = 10;

export interface ReviewDecisionsDeps {
  readonly database: Database;
  readonly onDeadline: DeadlineOutcome;
  readonly hooks: Pick<Hooks, 'turnChanged' | 'reviewChanged' | 'eventsCommitted'>;
  /** Wakes a worker for a turn that continues. */
  readonly wake: (turn: QueuedTurn) => void;
  /** Wakes a worker for a new draft. */
  readonly redraft: () => void;
  /** Removes the event that requested the review from its topic. */
  readonly withdraw: (reviewId: string) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** `ignored`: an approval of a draft that its reviewer may not have seen. */
export type DecideOutcome = 'applied' | DecisionOutcome | 'kept' | 'ignored' | 'unknown';

/** A turn that is queued again. */
interface QueuedTurn {
  readonly turnId: string;
  readonly userId: string;
  readonly epoch: number;
  readonly traceparent: string | null;
}

/** How a review ends: that of a reply, or that of a call. */
type AnyEnding = { readonly reply: Ending } | { readonly call: ToolEnding };

const EARLY: ReadonlySet<DecisionKind> = new Set(['approve', 'edit', 'reject']);
const isEarlyDecision = (decision: Decision): decision is EndingDecision => EARLY.has(decision.decision);

const namesNothing = ({ decision, seenSha256 }: Decision): boolean => decision === 'approve' && seenSha256 === null;

const decidedEnding = (review: Review, decision: EndingDecision): AnyEnding =>
  review.kind === 'reply' ? { reply: endingOf(review, decision) } : { call: toolEndingOf(review, decision) };

export class ReviewDecisions {
  readonly #deps: ReviewDecisionsDeps;

  constructor(deps: ReviewDecisionsDeps) {
    this.#deps = deps;
  }

  /** Applies a decision from the topic. If the reply of its turn may be reviewed later, the decision is kept until then: a
   *  rejection or an edit, or the approval of a draft that it names. Also of a reply with a new draft an approval must name it:
   *  the event that requested the review has the first draft. Idempotent. @throws Unavailable */
  async decide({ ids, decision }: AddressedDecision): Promise<DecideOutcome> {
    const found = await this.#find(ids);
    if (found === 'contradiction') return 'unknown';
    if (found) {
      const mayBeUnseen = found.status === 'pending' && found.revision > 0 && namesNothing(decision);
      return mayBeUnseen ? this.#ignore(found.turnId) : this.apply(found, decision);
    }
    const [turnId] = ids;
    // Two different ids that match no review cannot both be the id of one turn.
    if (turnId === undefined || new Set(ids).size > 1 || !isEarlyDecision(decision)) return 'unknown';
    if (namesNothing(decision)) return this.#ignore(turnId);
    const kept = await keepEarlyDecision(this.#deps.database, turnId, decision);
    if (kept !== 'reviewed') return kept;
    // The turn was parked between the two statements.
    const parked = await reviewOfReply(this.#deps.database, turnId);
    return parked ? this.apply(parked, decision) : 'unknown';
  }

  #ignore(turnId: string): 'ignored' {
    const message =
      'An approval was ignored: it names no draft, and came before its review, or the review has a new draft.';
    this.#deps.log.warn({ turn_id: turnId }, message);
    return 'ignored';
  }

  async #find(ids: readonly string[]): Promise<Review | null | 'contradiction'> {
    const { database } = this.#deps;
    const found = await Promise.all(
      ids.map(async (id) => (await findReview(database, id)) ?? (await reviewOfReply(database, id))),
    );
    const [first = null, ...others] = found;
    return others.every((other) => other?.reviewId === first?.reviewId) ? first : 'contradiction';
  }

  /** Applies a decision to a review. `moment`: with `any` the deadline is not checked, because the caller knows
   *  that the decision was made in time. @throws Unavailable */
  async apply(review: Review, given: Decision, moment: Moment = 'before'): Promise<'applied' | DecisionOutcome> {
    const decision = aboutDraftOf(review, given);
    let current: Review | null = review;
    for (let tried = 0; current && tried < TRIES; tried += 1) {
      const known = outcomeOf(current, decision, moment === 'any');
      if (known) return known;
      const applied = endsReview(decision)
        ? await this.#end(current, decidedEnding(current, decision), moment)
        : await this.#revise(current, decision);
      if (applied) return 'applied';
      // Another decision, the deadline or a new draft came first.
      current = await findReview(this.#deps.database, review.reviewId);
    }
    // The turn ended in another way.
    return 'conflict';
  }

  /** Records that a new draft is wanted. False: the review has changed. */
  async #revise({ reviewId, turnId, revision }: Review, { note, decidedBy: by }: Decision): Promise<boolean> {
    const { database, hooks, redraft, log } = this.#deps;
    if (!(await requestRevision(database, { reviewId, revision, note: note!, by, auditId: newId() }))) {
      // A decision that was made before may still be kept.
      await this.applyKept(turnId);
      return false;
    }
    hooks.turnChanged(turnId);
    hooks.reviewChanged();
    redraft();
    log.info({ review_id: reviewId, turn_id: turnId, revision }, 'A reviewer wants a new draft.');
    return true;
  }

  /** Applies a decision that arrived before the reply of the turn was parked. To be called after it was parked.
   *  @throws Unavailable */
  async applyKept(turnId: string): Promise<void> {
    const { database, log } = this.#deps;
    const kept = await keptDecisionOf(database, turnId);
    const review = kept && (await reviewOfReply(database, turnId));
    if (!review || (await this.apply(review, kept.decision, 'any')) !== 'changed') return;
    log.warn({ turn_id: turnId, review_id: review.reviewId }, 'A decision was ignored: it is about another draft.');
    await dropKeptDecision(database, turnId);
  }

  /** Cancels a turn that awaits review, and its review. False: the turn does not await review. @throws Unavailable */
  async cancel(turnId: string, by: string | null): Promise<boolean> {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const review = await pendingReviewOf(this.#deps.database, turnId);
      if (!review) return false;
      const ending = review.kind === 'reply' ? { reply: endingByCancel(by) } : { call: toolEndingByCancel(review, by) };
      if (await this.#end(review, ending, 'any')) return true;
      // The review has ended, or got another draft.
    }
    return false;
  }

  /** Applies kept decisions that were not applied yet, then ends overdue reviews. @throws Unavailable */
  async sweep(): Promise<void> {
    const { database, onDeadline } = this.#deps;
    for (const { turnId } of await keptDecisions(database, PAGE)) await this.applyKept(turnId);
    for (const { review_id: reviewId, kept } of await keptToolDecisions(database, PAGE)) {
      const review = await findReview(database, reviewId);
      if (review) await this.apply(review, kept, 'any');
    }
    await forgetKeptDecisions(database);
    for (let due: string[]; (due = await overdueReviews(database, PAGE)).length > 0;) {
      let ended = 0;
      for (let from = 0; from < due.length; from += PARALLEL) {
        const ends = due.slice(from, from + PARALLEL).map(async (reviewId) => {
          const review = await findReview(database, reviewId);
          if (review === null) return false;
          const ending =
            review.kind === 'reply'
              ? { reply: endingAtDeadline(review, onDeadline) }
              : { call: toolEndingAtDeadline(review, onDeadline) };
          return this.#end(review, ending, 'after');
        });
        ended += (await Promise.all(ends)).filter(Boolean).length;
      }
      // If no review could be ended, the next page would be the same one.
      if (due.length < PAGE || ended === 0) return;
    }
  }

  /** Ends the review in a span of the turn's trace. False: it had already ended, or the deadline check failed. */
  #end(review: Review, ending: AnyEnding, moment: Moment): Promise<boolean> {
    const { status } = 'reply' in ending ? ending.reply : ending.call;
    const attributes = { 'turnkeeper.review_id': review.reviewId, 'turnkeeper.review_status': status };
    return inSpan('review end', { parent: review.traceparent, attributes }, async () => {
      const ended =
        'reply' in ending
          ? await this.#endReply(review, ending.reply, moment)
          : await this.#endCall(review, ending.call, moment);
      if (ended) this.#announce(review, status);
      return ended;
    });
  }

  async #endReply({ reviewId, turnId, revision, ...review }: Review, ending: Ending, moment: Moment): Promise<boolean> {
    const { database, hooks } = this.#deps;
    const events = ending.reply === null ? [] : deliveryEvents({ turnId, ...review }, ending.reply, traceparent());
    const toEnd = { reviewId, turnId, revision, auditId: newId(), moment };
    if (!(await endReview(database, toEnd, ending, events))) return false;
    hooks.eventsCommitted(events);
    return true;
  }

  async #endCall({ reviewId, turnId, userId }: Review, ending: ToolEnding, moment: Moment): Promise<boolean> {
    const epoch = await endToolReview(this.#deps.database, { reviewId, auditId: newId(), moment }, ending);
    if (epoch === null) return false;
    if (ending.turnStatus === 'queued') this.#deps.wake({ turnId, userId, epoch, traceparent: traceparent() });
    return true;
  }

  #announce({ reviewId, turnId, kind }: Review, status: ReviewStatus): void {
    const { hooks, withdraw, metrics, log } = this.#deps;
    hooks.turnChanged(turnId);
    hooks.reviewChanged();
    metrics.reviewsEnded.inc({ status });
    log.info({ review_id: reviewId, turn_id: turnId, kind, status }, 'A review ended.');
    // Best effort: a consumer that still receives the event can see that the review has ended.
    withdraw(reviewId).catch(() => {});
  }
}
