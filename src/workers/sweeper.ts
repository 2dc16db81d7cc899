// The sweeper rebuilds from the rows what Redis lost: jobs of turns nobody works on, and events nobody published.
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { idleHeads } from '../store/claims.ts';
import type { Database } from '../store/database.ts';
import type { Queues } from './queues.ts';

const PAUSE_MS = 1_000;
/** A sweep takes at most this part of the time, however much there is to look at. */
const PAUSE_PER_WORK = 10;
/** Younger turns have a job that is on its way. */
const WAITED_S = 3;
const PAGE = 1_000;

export interface SweeperDeps {
  readonly database: Database;
  readonly queues: Queues;
  /** What else is due at every sweep. A step that rejects does not keep the next ones from running. */
  readonly steps: readonly (() => Promise<void>)[];
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
      const began = performance.now();
      this.#sweeping = this.#sweep().finally(() => {
        this.#schedule(Math.max(PAUSE_MS, (performance.now() - began) * PAUSE_PER_WORK));
      });
    }, pauseMs);
  }

  async #sweep(): Promise<void> {
    for (const step of [() => this.#wakeIdle(), ...this.#deps.steps]) {
      try {
        await step();
      } catch (error) {
        this.#deps.log.debug({ detail: (error as Error).message }, 'A sweep was cut short; the next one comes soon.');
      }
    }
  }

  async #wakeIdle(): Promise<void> {
    let after = '';
    for (;;) {
      const heads = await idleHeads(this.#deps.database, after, WAITED_S, PAGE);
      if (heads.length > 0) {
        await this.#deps.queues.wake(
          heads.map((head) => ({ userId: head.user_id, turnId: head.turn_id, epoch: head.epoch })),
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
