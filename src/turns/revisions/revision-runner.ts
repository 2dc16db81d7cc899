// Runs the work on new drafts: claims it, renews the lease meanwhile, and announces the outcome.
import { setTimeout as sleep } from 'node:timers/promises';
import { singleFlight } from '../../concurrency/single-flight.ts';
import { within } from '../../concurrency/within.ts';
import type { Hooks } from '../../domain/events.ts';
import type { Database } from '../../store/database.ts';
import {
  claimRevision,
  releaseRevision,
  renewRevision,
  type ClaimedRevision,
  type RevisionClaim,
} from '../../store/revisions/revisions.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { inSpan } from '../../telemetry/tracing.ts';
import { CallCount } from '../call-count.ts';
import { ClaimLost, Stopping } from '../claim-keeper.ts';
import type { RedraftOutcome } from './redraft.ts';

/** New drafts that a process writes at the same time. They take no place of a turn. */
const PARALLEL = 4;
/** After a renewal that failed the next one follows at this time. */
const RENEW_AGAIN_MS = 500;
/** Work that found a dependency unavailable is claimed again after so many seconds. */
const AGAIN_S = 1;

export interface RevisionRunnerDeps {
  readonly database: Database;
  readonly leaseS: number;
  /** Writes one new draft. Rejects with the signal's reason when the signal aborts. @throws Unavailable */
  readonly redraft: (claim: ClaimedRevision, calls: CallCount, signal: AbortSignal) => Promise<RedraftOutcome>;
  readonly hooks: Pick<Hooks, 'turnChanged' | 'reviewChanged'>;
  readonly metrics: Metrics;
  readonly log: Log;
}

const STATUSES: readonly RedraftOutcome['status'][] = ['revised', 'failed', 'lost'];

export class RevisionRunner {
  readonly #deps: RevisionRunnerDeps;
  readonly #running = new Map<Promise<void>, AbortController>();
  #stopped = false;
  /** Starts the work that is due, if there are places. @throws Unavailable */
  readonly sweep = singleFlight(() => this.#startDue());

  constructor(deps: RevisionRunnerDeps) {
    this.#deps = deps;
    for (const outcome of STATUSES) deps.metrics.revisions.inc({ outcome }, 0);
  }

  /** A new draft was asked for, or a place is free. Never throws: the sweeper finds what this could not start. */
  wake(): void {
    this.sweep().catch((error: Error) => this.#deps.log.debug({ detail: error.message }, 'No new draft was started.'));
  }

  async #startDue(): Promise<void> {
    const { database, leaseS } = this.#deps;
    while (!this.#stopped && this.#running.size < PARALLEL) {
      const claim = await claimRevision(database, leaseS);
      if (claim === null) return;
      this.#start(claim);
    }
  }

  #start(claim: ClaimedRevision): void {
    const controller = new AbortController();
    // The process began to stop while it claimed.
    if (this.#stopped) controller.abort(new Stopping('this process is stopping'));
    const running = this.#run(claim, controller).finally(() => {
      this.#running.delete(running);
      if (!this.#stopped) this.wake();
    });
    this.#running.set(running, controller);
  }

  /** Never rejects. */
  async #run(claim: ClaimedRevision, controller: AbortController): Promise<void> {
    const { reviewId, turnId, epoch, traceparent } = claim;
    const ended = new AbortController();
    const renewing = this.#renew(claim, controller, ended.signal);
    const calls = new CallCount(1);
    const attributes = { 'turnkeeper.review_id': reviewId, 'turnkeeper.turn_id': turnId, 'turnkeeper.epoch': epoch };
    try {
      const outcome = await inSpan('revision', { parent: traceparent, attributes }, async (span) => {
        controller.signal.throwIfAborted();
        const result = await this.#deps.redraft(claim, calls, controller.signal);
        span.setAttribute('turnkeeper.outcome', result.status);
        return result;
      });
      this.#announce(claim, outcome);
    } catch (error) {
      if (error instanceof ClaimLost) this.#announce(claim, { status: 'lost' });
      else await this.#release(claim, calls, error as Error);
    } finally {
      ended.abort();
      await renewing;
    }
  }

  /** Renews the lease until `ended` aborts. Aborts the work if the claim was lost or the review has ended. */
  async #renew(claim: RevisionClaim, work: AbortController, ended: AbortSignal): Promise<void> {
    const { database, leaseS } = this.#deps;
    // The lease is three intervals long, so that a renewal can fail once or twice.
    const usualMs = (leaseS * 1_000) / 3;
    for (let waitMs = usualMs; ;) {
      await sleep(waitMs, undefined, { signal: ended }).catch(() => {});
      if (ended.aborted) return;
      try {
        if (!(await renewRevision(database, claim, leaseS))) return work.abort(new ClaimLost(claim.reviewId));
        waitMs = usualMs;
      } catch {
        waitMs = Math.min(usualMs, RENEW_AGAIN_MS);
      }
    }
  }

  /** Another worker, or this one, continues. If the database does not answer, the lease lapses. */
  async #release(claim: ClaimedRevision, calls: CallCount, error: Error): Promise<void> {
    const { database, log } = this.#deps;
    const afterS = error instanceof Stopping ? 0 : AGAIN_S;
    log.debug({ review_id: claim.reviewId, detail: error.message }, 'A new draft will be written later.');
    await releaseRevision(database, claim, { afterS, calls: calls.begun }).catch(() => {});
  }

  #announce({ reviewId, turnId }: ClaimedRevision, outcome: RedraftOutcome): void {
    const { hooks, metrics, log } = this.#deps;
    hooks.turnChanged(turnId);
    hooks.reviewChanged();
    metrics.revisions.inc({ outcome: outcome.status });
    const ids = { review_id: reviewId, turn_id: turnId };
    if (outcome.status === 'revised') log.info(ids, 'A review has a new draft.');
    if (outcome.status === 'lost')
      log.info(ids, 'A new draft was discarded: the review has ended, or another worker writes it.');
    if (outcome.status === 'failed')
      log.warn({ ...ids, code: outcome.error.code }, 'A new draft could not be written; the last one stays.');
  }

  /** Starts nothing more, waits up to `drainMs` milliseconds, and gives the rest back. */
  async stop(drainMs: number): Promise<void> {
    this.#stopped = true;
    await this.sweep().catch(() => {});
    const all = () => Promise.all(this.#running.keys());
    await within(drainMs, all()).catch(() => {});
    for (const controller of this.#running.values()) controller.abort(new Stopping('this process is stopping'));
    await all();
  }
}
