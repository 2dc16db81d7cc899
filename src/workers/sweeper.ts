// The sweeper: adds the jobs of turns that no worker runs, and runs the periodic steps that repair what Redis or a dead
// process lost.
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { idleHeads } from '../store/claims.ts';
import type { Database } from '../store/database.ts';
import { dueWork, type DueWork } from '../store/backlog.ts';
import type { Queues } from './queues.ts';
import { LEFT_OVER_AGE_S } from './relay.ts';

const PAUSE_MS = 1_000;
/** The pause is at least this many times as long as the sweep before it, so that sweeps use at most a tenth of the
 *  time. */
const PAUSE_PER_WORK = 10;
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
  /** Further steps of every sweep. If a step rejects, the next ones still run. */
  readonly steps: readonly SweepStep[];
  readonly metrics: Metrics;
  readonly log: Log;
}

export class Sweeper {
  readonly #deps: SweeperDeps;
  #timer: NodeJS.Timeout | undefined;
  #stopped = true;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#schedule(0);
  }

  #schedule(pauseMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      const startedAt = performance.now();
      this.#sweeping = this.#sweep().finally(() => {
        this.#schedule(Math.max(PAUSE_MS, (performance.now() - startedAt) * PAUSE_PER_WORK));
      });
    }, pauseMs);
  }

  async #sweep(): Promise<void> {
    let due: DueWork | undefined;
    const ask = async () => {
      due = await dueWork(this.#deps.database, LEFT_OVER_AGE_S);
    };
    for (const { when, run } of [{ run: ask }, { run: () => this.#wakeIdle() }, ...this.#deps.steps] as SweepStep[]) {
      if (when !== undefined && due?.[when] !== true) continue;
      try {
        await run();
      } catch (error) {
        this.#deps.log.debug(
          { detail: (error as Error).message },
          'A step of a sweep failed; the next sweep tries again.',
        );
      }
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
      if (heads.length < PAGE || this.#stopped) return;
      after = heads.at(-1)!.user_id;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#sweeping;
  }
}
