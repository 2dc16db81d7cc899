// Adds the jobs of summaries that are due. This process adds those of the deliveries that it counted in time; the sweep
// adds all others, and adds a job again if its summary was not renewed.
import { singleFlight } from '../concurrency/single-flight.ts';
import { takeDueSummaries } from '../store/due-summaries.ts';
import type { Database } from '../store/database.ts';
import type { Log } from '../telemetry/log.ts';
import type { Queues } from './queues.ts';

const PAGE = 500;
/** Shortest time between two reads of what is due. */
const PAUSE_MS = 50;
/** A summary that was not renewed after this time is due again: Redis may have lost its job. If the job still exists, it
 *  is not added again. */
const RETRY_S = 20;

export interface DueSummariesDeps {
  readonly database: Database;
  readonly queues: Pick<Queues, 'summarise'>;
  /** Time without another delivered turn of the user after which a summary is due. */
  readonly debounceMs: number;
  readonly log: Log;
}

export class DueSummaries {
  readonly #deps: DueSummariesDeps;
  /** Adds all jobs that are due. Rejects while the database or Redis is unavailable. */
  readonly sweep = singleFlight(() => this.#addAll());
  #timer: NodeJS.Timeout | undefined;
  /** When the summary of the last delivery that this process counted is due. */
  #latest = 0;
  #stopped = false;

  constructor(deps: DueSummariesDeps) {
    this.#deps = deps;
  }

  /** Turns were counted here: the summaries of their users are due when the users have been quiet for a while. */
  counted(): void {
    this.#latest = Date.now() + this.#deps.debounceMs;
    this.#wakeAt(this.#latest);
  }

  #wakeAt(dueAt: number): void {
    if (this.#stopped) return;
    this.#timer ??= setTimeout(() => void this.#wake(), Math.max(dueAt - Date.now() + 1, PAUSE_MS));
  }

  async #wake(): Promise<void> {
    this.#timer = undefined;
    try {
      await this.sweep();
    } catch (error) {
      const { message } = error as Error;
      this.#deps.log.debug({ detail: message }, 'Summaries could not be added; the sweeper will add them.');
    }
    // Turns that were counted after the timer was set are due later.
    if (this.#latest > Date.now()) this.#wakeAt(this.#latest);
  }

  async #addAll(): Promise<void> {
    const { database, queues, debounceMs } = this.#deps;
    for (;;) {
      const due = await takeDueSummaries(database, { quietS: debounceMs / 1_000, retryS: RETRY_S, limit: PAGE });
      if (due.length > 0) await queues.summarise(due);
      if (due.length < PAGE) return;
    }
  }

  /** Stops the timer. Other processes add what is due later. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.sweep().catch(() => {});
  }
}
