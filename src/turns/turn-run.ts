// Runs one turn: claims the user's next turn, answers it, and announces the outcome.
import type { ClaimReply, Work } from '../actors/user-session.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Unavailable } from '../domain/errors.ts';
import { inSpan, type SpanOptions } from '../telemetry/tracing.ts';
import type { ClaimedWork } from './answer-turn.ts';
import type { AnswerOutcome } from './turn-commits.ts';
import { ClaimLost, Stopping, type ClaimKeeper } from './claim-keeper.ts';
import { mayNeedReview, type PolicySource } from '../domain/policy.ts';
import type { Hooks } from '../domain/events.ts';
import { PartialReply } from './partial-reply.ts';
import type { PartialReplies } from './partial-replies.ts';

export interface TurnRunDeps {
  /** Claims the user's next turn. @throws Unavailable */
  readonly claim: (userId: string) => Promise<ClaimReply>;
  readonly keeper: ClaimKeeper;
  readonly policies: PolicySource;
  /** Gives the text of running turns to those who cancel them. */
  readonly partials: Pick<PartialReplies, 'add'>;
  /** Answers a claimed turn and commits the outcome. Rejects with the signal's reason once it aborts. */
  readonly answer: (turn: ClaimedWork, signal: AbortSignal) => Promise<AnswerOutcome>;
  readonly hooks: Pick<Hooks, 'turnStarted' | 'turnChanged' | 'reviewChanged' | 'eventsCommitted'>;
  /** Applies a decision that was made before the turn was parked for review. */
  readonly applyKeptDecision: (turnId: string) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Log;
}

const STATUSES: readonly AnswerOutcome['status'][] = ['completed', 'awaiting_review', 'failed', 'postponed', 'lost'];

/** Whether the turn was settled. Otherwise another claim follows. */
const isSettling = ({ status }: AnswerOutcome): boolean => status !== 'lost' && status !== 'postponed';

const spanOf = (work: Work): SpanOptions => ({
  parent: work.traceparent,
  attributes: { 'turnkeeper.turn_id': work.turnId, 'turnkeeper.seq': work.seq, 'turnkeeper.epoch': work.epoch },
});

/** A turn that was claimed. `isOver`: its reply was delivered, so it never runs again. */
export interface Ran {
  readonly turnId: string;
  readonly isOver: boolean;
}

export class TurnRun {
  readonly #deps: TurnRunDeps;

  constructor(deps: TurnRunDeps) {
    this.#deps = deps;
    // Every series starts at 0. Prometheus sees no increase in the first value of a series, so it would miss the first
    // failure.
    for (const status of STATUSES) deps.metrics.turnsFinished.inc({ status }, 0);
  }

  /** Claims and answers the user's next turn. Null: no turn could be claimed, or this process is stopping. `held`:
   *  another worker holds the user. @throws Unavailable */
  async next(userId: string): Promise<Ran | 'held' | null> {
    const { keeper, log, hooks } = this.#deps;
    if (keeper.abandoned) return null;
    // The actor may answer although this process does not reach the database: it could not commit the turn.
    if (!keeper.answering) throw new Unavailable('database');
    const claim = await this.#deps.claim(userId);
    if (claim.outcome === 'held') return 'held';
    if (claim.outcome !== 'claimed') return null;
    const { work } = claim;
    // This process began to stop while it claimed.
    if (keeper.abandoned) {
      await keeper.release(work);
      return null;
    }
    const claimedAt = performance.now();
    if (work.takenOver) {
      this.#deps.metrics.takeovers.inc();
      log.warn({ turn_id: work.turnId, epoch: work.epoch }, 'A turn whose claim lapsed was taken over.');
    }
    hooks.turnStarted(work.turnId);
    const policy = this.#deps.policies.current;
    // If the reply might need a review, its text is not given out: a reviewer has not seen it.
    const partial = new PartialReply(() => !mayNeedReview(policy, work.text));
    const remove = this.#deps.partials.add(work, () => partial.hold());
    let outcome: AnswerOutcome = { status: 'lost' };
    try {
      const answer = (signal: AbortSignal) => this.#deps.answer({ work, partial, policy }, signal);
      outcome = await inSpan('turn', spanOf(work), async (span) => {
        const result = await keeper.hold(work, answer);
        span.setAttribute('turnkeeper.outcome', result.status);
        return result;
      });
    } catch (error) {
      if (error instanceof Stopping) return null;
      if (!(error instanceof ClaimLost)) {
        // The turn is not to blame, and any worker can claim it at once.
        if (!partial.called) await keeper.release(work);
        throw error;
      }
    } finally {
      remove();
    }
    this.#recordOutcome(work.turnId, outcome, work.queuedS + (performance.now() - claimedAt) / 1000);
    return { turnId: work.turnId, isOver: outcome.status === 'completed' };
  }

  /** Calls the hooks and counts the outcome. `seconds`: time since the turn was accepted. */
  #recordOutcome(turnId: string, outcome: AnswerOutcome, seconds: number): void {
    const { hooks, applyKeptDecision, metrics, log } = this.#deps;
    hooks.turnChanged(turnId, outcome.status === 'completed' ? outcome.turn : undefined);
    metrics.turnsFinished.inc({ status: outcome.status });
    if (isSettling(outcome)) metrics.turnSeconds.observe({ status: outcome.status }, seconds);
    if (outcome.status === 'completed' || outcome.status === 'awaiting_review') hooks.eventsCommitted(outcome.events);
    if (outcome.status === 'awaiting_review') {
      hooks.reviewChanged();
      // Not awaited, so that the user's next turns are not delayed. If this fails, the sweeper applies the decision.
      applyKeptDecision(turnId).catch((error: Error) =>
        log.debug(
          { turn_id: turnId, detail: error.message },
          'A kept decision could not be read; the sweeper will apply it.',
        ),
      );
    }
    if (outcome.status === 'failed') {
      metrics.turnFailures.inc({ code: outcome.error.code });
      log.error({ turn_id: turnId, code: outcome.error.code }, 'A turn failed.');
    }
    if (outcome.status === 'postponed') log.info({ turn_id: turnId }, 'A turn waits for its budget.');
    if (outcome.status === 'lost') log.warn({ turn_id: turnId }, 'A claim was lost; the result was discarded.');
  }
}
