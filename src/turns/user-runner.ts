// Running a user's turns one after another, as long as there are some.
import type { ActorRuntime } from '../actors/runtime.ts';
import type { Work } from '../actors/user-session.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Model } from '../model/model.ts';
import type { Database } from '../store/database.ts';
import { firstQueued, type Claim } from '../store/claims.ts';
import { keepPartialReply } from '../store/cancel-turn.ts';
import { inSpan, type SpanOptions } from '../telemetry/tracing.ts';
import type { ClaimedWork, Outcome } from './answer-turn.ts';
import { ClaimLost, Stopping, type ClaimKeeper } from './claim-keeper.ts';
import { mayBeHeld, type PolicySource } from '../domain/policy.ts';
import type { Hooks } from '../domain/events.ts';
import { PartialReply } from './partial-reply.ts';

/** Turns of one user in a row; then the others come first. */
const IN_A_ROW = 5;

export interface RunnerDeps {
  readonly database: Database;
  readonly actors: ActorRuntime;
  readonly keeper: ClaimKeeper;
  readonly policies: PolicySource;
  readonly model: Model;
  /** Answers a claimed turn and commits the outcome. Rejects with the signal's reason once it aborts. */
  readonly answer: (turn: ClaimedWork, signal: AbortSignal) => Promise<Outcome>;
  readonly leaseS: number;
  readonly hooks: Pick<Hooks, 'turnChanged' | 'reviewChanged' | 'eventsCommitted'>;
  /** Applies a decision that was made before the turn was parked for review. */
  readonly applyKeptDecision: (turnId: string) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Log;
}

const STATUSES: readonly Outcome['status'][] = ['completed', 'awaiting_review', 'failed', 'lost'];

const spanOf = (work: Work): SpanOptions => ({
  parent: work.traceparent,
  attributes: { 'turnkeeper.turn_id': work.turnId, 'turnkeeper.seq': work.seq, 'turnkeeper.epoch': work.epoch },
});

export class UserRunner {
  readonly #deps: RunnerDeps;
  /** Users that run in this process; true: asked for again meanwhile. */
  readonly #running = new Map<string, boolean>();

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
    // There from the start: Prometheus sees no growth in the first value of a counter, so the first failure would not show.
    for (const status of STATUSES) deps.metrics.turnsFinished.inc({ status }, 0);
  }

  /** Runs the user's turns; resolves to the next waiting one where others should come first now, else null.
   *  Rejects with Unavailable. */
  async run(userId: string): Promise<Claim | null> {
    if (this.#running.has(userId)) {
      // The loop below looks again after its commit: no actor call for what it will find anyway.
      this.#running.set(userId, true);
      return null;
    }
    try {
      for (let turns = 1; ; turns += 1) {
        const next = (await this.#runNext(userId)) ? await this.#lookAgain(userId) : null;
        if (next && turns >= IN_A_ROW) {
          this.#running.delete(userId);
          return next;
        }
        if (!next && this.#ended(userId)) return null;
      }
    } catch (error) {
      this.#running.delete(userId);
      throw error;
    }
  }

  /** The next waiting turn. Asked after the commit, so that a turn whose own job saw this one still running is found
   *  here for certain; who asked before this look is answered by it. */
  #lookAgain(userId: string): Promise<Claim | null> {
    this.#running.set(userId, false);
    return firstQueued(this.#deps.database, userId);
  }

  /** Whether nobody asked for the user meanwhile; looked at and forgotten in one step, so that no call slips between. */
  #ended(userId: string): boolean {
    const again = this.#running.get(userId) === true && !this.#deps.keeper.abandoned;
    if (!again) this.#running.delete(userId);
    return !again;
  }

  /** False: there was nothing to run. */
  async #runNext(userId: string): Promise<boolean> {
    const { actors, keeper, leaseS, log, hooks } = this.#deps;
    this.#running.set(userId, false);
    if (keeper.abandoned) return false;
    const claim = await actors.call(userId, 'claim', { leaseS });
    if (claim.outcome !== 'claimed') return false;
    const { work } = claim;
    const claimed = performance.now();
    if (work.epoch > 1) {
      this.#deps.metrics.takeovers.inc();
      log.warn({ turn_id: work.turnId, epoch: work.epoch }, 'A turn whose claim lapsed was taken over.');
    }
    hooks.turnChanged(work.turnId);
    const partial = new PartialReply(this.#deps.model);
    const policy = this.#deps.policies.current;
    let outcome: Outcome = { status: 'lost' };
    try {
      const answer = (signal: AbortSignal) => this.#deps.answer({ work, model: partial, policy }, signal);
      outcome = await inSpan('turn', spanOf(work), async (span) => {
        const came = await keeper.hold(work, answer);
        span.setAttribute('turnkeeper.outcome', came.status);
        return came;
      });
    } catch (error) {
      if (error instanceof Stopping) return false;
      if (!(error instanceof ClaimLost)) throw error;
    }
    // What a person might have had to see first is shown to nobody.
    if (outcome.status === 'lost' && partial.text !== null && !mayBeHeld(policy, work.text))
      await this.#keepPartial(work, partial.text);
    this.#finish(work.turnId, outcome, work.waitedS + (performance.now() - claimed) / 1000);
    return true;
  }

  /** Nobody relies on it, so a database that is away keeps nothing else back. */
  async #keepPartial(claim: Claim, text: string): Promise<void> {
    try {
      await keepPartialReply(this.#deps.database, claim, text);
    } catch (error) {
      this.#deps.log.warn({ turn_id: claim.turnId, err: error }, 'A partial reply could not be kept.');
    }
  }

  /** `seconds`: since the turn was accepted. */
  #finish(turnId: string, outcome: Outcome, seconds: number): void {
    const { hooks, applyKeptDecision, metrics, log } = this.#deps;
    hooks.turnChanged(turnId);
    metrics.turnsFinished.inc({ status: outcome.status });
    if (outcome.status !== 'lost') metrics.turnSeconds.observe({ status: outcome.status }, seconds);
    if (outcome.status === 'completed' || outcome.status === 'awaiting_review') hooks.eventsCommitted(outcome.events);
    if (outcome.status === 'awaiting_review') {
      hooks.reviewChanged();
      // Not awaited: the user's next turns do not wait for it, and the sweeper finds what was missed.
      applyKeptDecision(turnId).catch((error: Error) =>
        log.debug({ turn_id: turnId, detail: error.message }, 'A kept decision could not be looked for yet.'),
      );
    }
    if (outcome.status === 'failed') {
      metrics.turnFailures.inc({ code: outcome.error.code });
      log.error({ turn_id: turnId, code: outcome.error.code }, 'A turn failed.');
    }
    if (outcome.status === 'lost') log.warn({ turn_id: turnId }, 'A claim was lost; its work was discarded.');
  }
}
