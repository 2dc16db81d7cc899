// Adds the jobs of summaries that are due. This process adds those that it scheduled in time; the sweep adds those of
// processes that ended.
import { singleFlight } from '../concurrency/single-flight.ts';
import type { DueSummary, SummarySchedule } from '../redis/summary-schedule.ts';
import type { Log } from '../telemetry/log.ts';
import type { Queues } from './queues.ts';

const PAGE = 500;
/** Shortest time between two reads of the schedule. */
const PAUSE_MS = 50;

export interface DueSummariesDeps {
  readonly schedule: SummarySchedule;
  readonly queues: Pick<Queues, 'summarise'>;
  /** Time without another delivered turn of the user after which a summary is due. */
  readonly debounceMs: number;
  readonly log: Log;
}

export class DueSummaries {
  readonly #deps: DueSummariesDeps;
  /** Adds all jobs that are due. Rejects while Redis is unavailable. */
  readonly sweep = singleFlight(() => this.#addAll());
  #timer: NodeJS.Timeout | undefined;
  /** When the last summary that this process scheduled is due. */
  #latest = 0;
  #stopped = false;

  constructor(deps: DueSummariesDeps) {
    this.#deps = deps;
  }

  /** Postpones the summaries of the users of these turns. Rejects while Redis is unavailable. */
  async delivered(turns: readonly Omit<DueSummary, 'dueAt'>[]): Promise<void> {
    const { schedule, debounceMs } = this.#deps;
    const dueAt = Date.now() + debounceMs;
    await schedule.postpone(turns.map((turn) => ({ ...turn, dueAt })));
    this.#latest = dueAt;
    this.#wakeAt(dueAt);
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
    // Summaries that were postponed after the timer was set are due later.
    if (this.#latest > Date.now()) this.#wakeAt(this.#latest);
  }

  async #addAll(): Promise<void> {
    const { schedule, queues } = this.#deps;
    for (;;) {
      const due = await schedule.due(Date.now(), PAGE);
      if (due.length === 0) return;
      await queues.summarise(due);
      // If the process ends before this, the same jobs are added again; a summary that is not needed does nothing.
      await schedule.remove(due);
      if (due.length < PAGE) return;
    }
  }

  /** Stops the timer. Other processes add what is scheduled. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.sweep().catch(() => {});
  }
}
