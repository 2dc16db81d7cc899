// Runs the queued turns of one user, one after another.
import type { ActorRuntime } from '../actors/runtime.ts';
import type { Work } from '../actors/user-session.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Model } from '../model/model.ts';
import type { Database } from '../store/database.ts';
import { firstQueued, type Claim } from '../store/claims.ts';
import { keepPartialReply } from '../store/cancel-turn.ts';
import { inSpan, type SpanOptions } from '../telemetry/tracing.ts';
import type { ClaimedWork, AnswerOutcome } from './answer-turn.ts';
import { ClaimLost, Stopping, type ClaimKeeper } from './claim-keeper.ts';
import { mayNeedReview, type PolicySource } from '../domain/policy.ts';
import type { Hooks } from '../domain/events.ts';
import { PartialReply } from './partial-reply.ts';

/** After this many turns of one user in a row, other users are served first. */
const MAX_IN_A_ROW = 5;

export interface RunnerDeps {
  readonly database: Database;
  readonly actors: ActorRuntime;
  readonly keeper: ClaimKeeper;
  readonly policies: PolicySource;
  readonly model: Model;
  /** Answers a claimed turn and commits the outcome. Rejects with the signal's reason once it aborts. */
  readonly answer: (turn: ClaimedWork, signal: AbortSignal) => Promise<AnswerOutcome>;
  readonly leaseS: number;
  readonly hooks: Pick<Hooks, 'turnChanged' | 'reviewChanged' | 'eventsCommitted'>;
  /** Applies a decision that was made before the turn was parked for review. */
  readonly applyKeptDecision: (turnId: string) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Log;
}

const STATUSES: readonly AnswerOutcome['status'][] = ['completed', 'awaiting_review', 'failed', 'lost'];

const spanOf = (work: Work): SpanOptions => ({
  parent: work.traceparent,
  attributes: { 'turnkeeper.turn_id': work.turnId, 'turnkeeper.seq': work.seq, 'turnkeeper.epoch': work.epoch },
});

export class UserRunner {
  readonly #deps: RunnerDeps;
  /** Users whose turns run in this process. True: `run` was called again meanwhile. */
  readonly #running = new Map<string, boolean>();

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
    // Every series starts at 0. Prometheus sees no increase in the first value of a series, so it would miss the first
    // failure.
    for (const status of STATUSES) deps.metrics.turnsFinished.inc({ status }, 0);
  }

  /** Runs the user's turns. Returns the next queued turn, unclaimed, if other users should be served first. Otherwise
   *  returns null. @throws Unavailable */
  async run(userId: string): Promise<Claim | null> {
    if (this.#running.has(userId)) {
      // No actor call: the running loop queries for the next turn after its commit.
      this.#running.set(userId, true);
      return null;
    }
    try {
      for (let turns = 1; ; turns += 1) {
        const next = (await this.#runNext(userId)) ? await this.#findNext(userId) : null;
        if (next && turns >= MAX_IN_A_ROW) {
          this.#running.delete(userId);
          return next;
        }
        if (!next && this.#isDone(userId)) return null;
      }
    } catch (error) {
      this.#running.delete(userId);
      throw error;
    }
  }

  /** The next queued turn. The query runs after the commit, so that it finds a turn whose job returned because the
   *  previous turn was still running. It also serves every call of `run` before it, so the flag is cleared. */
  #findNext(userId: string): Promise<Claim | null> {
    this.#running.set(userId, false);
    return firstQueued(this.#deps.database, userId);
  }

  /** Whether `run` was not called for the user meanwhile. Reads and clears the flag in one step, so that no call is
   *  lost. */
  #isDone(userId: string): boolean {
    const calledAgain = this.#running.get(userId) === true && !this.#deps.keeper.abandoned;
    if (!calledAgain) this.#running.delete(userId);
    return !calledAgain;
  }

  /** Claims and answers the user's next turn. False: no turn could be claimed, or this process is stopping. */
  async #runNext(userId: string): Promise<boolean> {
    const { actors, keeper, leaseS, log, hooks } = this.#deps;
    this.#running.set(userId, false);
    if (keeper.abandoned) return false;
    const claim = await actors.call(userId, 'claim', { leaseS });
    if (claim.outcome !== 'claimed') return false;
    const { work } = claim;
    const claimedAt = performance.now();
    if (work.epoch > 1) {
      this.#deps.metrics.takeovers.inc();
      log.warn({ turn_id: work.turnId, epoch: work.epoch }, 'A turn whose claim lapsed was taken over.');
    }
    hooks.turnChanged(work.turnId);
    const partial = new PartialReply(this.#deps.model);
    const policy = this.#deps.policies.current;
    let outcome: AnswerOutcome = { status: 'lost' };
    try {
      const answer = (signal: AbortSignal) => this.#deps.answer({ work, model: partial, policy }, signal);
      outcome = await inSpan('turn', spanOf(work), async (span) => {
        const result = await keeper.hold(work, answer);
        span.setAttribute('turnkeeper.outcome', result.status);
        return result;
      });
    } catch (error) {
      if (error instanceof Stopping) return false;
      if (!(error instanceof ClaimLost)) throw error;
    }
    // If the reply might have needed a review, its text is not kept: a reviewer has not seen it.
    if (outcome.status === 'lost' && partial.text !== null && !mayNeedReview(policy, work.text))
      await this.#keepPartial(work, partial.text);
    this.#recordOutcome(work.turnId, outcome, work.queuedS + (performance.now() - claimedAt) / 1000);
    return true;
  }

  /** Keeps the partial reply of a lost turn if a cancellation ended its claim; the statement decides that. Best effort:
   *  an unavailable database must not delay the next turn. */
  async #keepPartial(claim: Claim, text: string): Promise<void> {
    try {
      await keepPartialReply(this.#deps.database, claim, text);
    } catch (error) {
      this.#deps.log.warn({ turn_id: claim.turnId, err: error }, 'A partial reply could not be stored.');
    }
  }

  /** Calls the hooks and counts the outcome. `seconds`: time since the turn was accepted. */
  #recordOutcome(turnId: string, outcome: AnswerOutcome, seconds: number): void {
    const { hooks, applyKeptDecision, metrics, log } = this.#deps;
    hooks.turnChanged(turnId);
    metrics.turnsFinished.inc({ status: outcome.status });
    if (outcome.status !== 'lost') metrics.turnSeconds.observe({ status: outcome.status }, seconds);
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
    if (outcome.status === 'lost') log.warn({ turn_id: turnId }, 'A claim was lost; the result was discarded.');
  }
}
