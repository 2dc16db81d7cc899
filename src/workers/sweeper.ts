// The sweeper: adds the jobs of turns that no worker runs, and runs the periodic steps that repair what Redis or a dead
// process lost.
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Database } from '../store/database.ts';
import { dueWork, idleHeads, type DueWork } from '../store/backlog.ts';
import type { Queues } from './queues.ts';
import { LEFT_OVER_AGE_S } from './relay.ts';

const PAUSE_MS = 1_000;
/** The pause of a step is at least this many times as long as its last run, so that it uses at most a tenth of the time,
 *  but not longer than the maximum. A run that failed may have waited for something unavailable, and does not count. */
const PAUSE_PER_WORK = 10;
const MAX_PAUSE_MS = 5_000;
/** Seconds for which a turn must be queued: the job of a younger turn is probably on its way. */
const MIN_QUEUED_S = 3;
const PAGE = 1_000;

export interface SweepStep {
  /** The work without which the step has nothing to do; missing: the step finds out by itself. */
  readonly when?: keyof DueWork;
  readonly run: () => Promise<void>;
}

export interface SweeperDeps {
  readonly database: Database;
  readonly queues: Queues;
  /** Further steps. A step that fails or hangs does not delay the others. */
  readonly steps: readonly SweepStep[];
  readonly metrics: Metrics;
  readonly log: Log;
}

/** A step that runs again and again, one run at a time. */
class Repeated {
  readonly #run: () => Promise<void>;
  readonly #log: Log;
  #running: Promise<void> | null = null;
  #nextAt = 0;

  constructor(run: () => Promise<void>, log: Log) {
    this.#run = run;
    this.#log = log;
  }

  /** Runs the step, unless it runs already or its pause has not ended. */
  start(): void {
    if (this.#running || performance.now() < this.#nextAt) return;
    this.#running = this.#runOnce().finally(() => {
      this.#running = null;
    });
  }

  async #runOnce(): Promise<void> {
    const startedAt = performance.now();
    try {
      await this.#run();
      const now = performance.now();
      const pauseMs = Math.min(MAX_PAUSE_MS, (now - startedAt) * PAUSE_PER_WORK);
      if (pauseMs > PAUSE_MS) this.#nextAt = now + pauseMs;
    } catch (error) {
      this.#log.debug({ detail: (error as Error).message }, 'A step of a sweep failed; the next sweep tries again.');
    }
  }

  /** Resolves when the step does not run. */
  async idle(): Promise<void> {
    await this.#running;
  }
}

export class Sweeper {
  readonly #deps: SweeperDeps;
  /** The steps that find out by themselves whether they have something to do. */
  readonly #always: readonly Repeated[];
  readonly #ifDue: readonly { readonly when: keyof DueWork; readonly step: Repeated }[];
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
    const repeated = (run: () => Promise<void>) => new Repeated(run, deps.log);
    this.#ifDue = deps.steps.flatMap(({ when, run }) => (when ? [{ when, step: repeated(run) }] : []));
    this.#always = [
      () => this.#wakeIdle(),
      () => this.#startDue(),
      ...deps.steps.flatMap(({ when, run }) => (when ? [] : [run])),
    ].map(repeated);
  }

  start(): void {
    if (this.#timer) return;
    const sweep = () => {
      for (const step of this.#always) step.start();
    };
    this.#timer = setInterval(sweep, PAUSE_MS);
    sweep();
  }

  /** Starts the steps that have work. If it is unknown, all of them find out by themselves. */
  async #startDue(): Promise<void> {
    let due: DueWork | undefined;
    try {
      due = await dueWork(this.#deps.database, LEFT_OVER_AGE_S);
    } finally {
      for (const { when, step } of this.#ifDue) if (this.#timer && (!due || due[when])) step.start();
    }
  }

  /** Adds jobs for lapsed claims and for users whose first turn has been queued for too long. */
  async #wakeIdle(): Promise<void> {
    let after = '';
    for (;;) {
      const heads = await idleHeads(this.#deps.database, after, MIN_QUEUED_S, PAGE);
      if (heads.length > 0) {
        await this.#deps.queues.wake(
          heads.map((head) => ({ userId: head.user_id, turnId: head.turn_id, epoch: head.epoch, traceparent: null })),
          // One turn in each job: a job that exists already must not keep the others out.
          1,
        );
        this.#deps.metrics.swept.inc(heads.length);
      }
      if (heads.length < PAGE || !this.#timer) return;
      after = heads.at(-1)!.user_id;
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await Promise.all(this.#always.map((step) => step.idle()));
    await Promise.all(this.#ifDue.map(({ step }) => step.idle()));
  }
}
