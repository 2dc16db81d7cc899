// The sweeper rebuilds from the rows what Redis lost: jobs of turns nobody works on, and events nobody published.
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { idleHeads } from '../store/claims.ts';
import type { Database } from '../store/database.ts';
import type { Queues } from './queues.ts';
import type { Relay } from './relay.ts';

const PAUSE_MS = 1_000;
/** A sweep takes at most this part of the time, however much there is to look at. */
const PAUSE_PER_WORK = 10;
/** Younger turns have a job that is on its way. */
const WAITED_S = 3;
const PAGE = 1_000;

export class Sweeper {
  readonly #database: Database;
  readonly #queues: Queues;
  readonly #relay: Relay;
  readonly #metrics: Metrics;
  readonly #log: Log;
  readonly #more: readonly (() => Promise<void>)[];
  #timer: NodeJS.Timeout | undefined;
  #stopped = true;
  #sweeping: Promise<void> = Promise.resolve();

  /** `more`: what else is due at every sweep. */
  constructor(
    database: Database,
    queues: Queues,
    relay: Relay,
    metrics: Metrics,
    log: Log,
    more: readonly (() => Promise<void>)[] = [],
  ) {
    this.#database = database;
    this.#queues = queues;
    this.#relay = relay;
    this.#metrics = metrics;
    this.#log = log;
    this.#more = more;
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
    for (const step of [() => this.#wakeIdle(), () => this.#relay.sweep(), ...this.#more]) {
      try {
        await step();
      } catch (error) {
        this.#log.debug({ detail: (error as Error).message }, 'A sweep was cut short; the next one comes soon.');
      }
    }
  }

  async #wakeIdle(): Promise<void> {
    let after = '';
    for (;;) {
      const heads = await idleHeads(this.#database, after, WAITED_S, PAGE);
      if (heads.length > 0) {
        await this.#queues.wake(
          heads.map((head) => ({ userId: head.user_id, turnId: head.turn_id, epoch: head.epoch })),
        );
        this.#metrics.swept.inc(heads.length);
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
