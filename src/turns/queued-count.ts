// Counts the queued turns of all users once a second. Every accept uses the last count for the limit QUEUE_LIMIT.
import { countQueued } from '../store/backlog.ts';
import type { Database } from '../store/database.ts';
import type { Log } from '../telemetry/log.ts';

const COUNT_MS = 1_000;

export class QueuedCount {
  readonly #database: Database;
  readonly #log: Log;
  #value = 0;
  #timer: NodeJS.Timeout | undefined;
  #counting: Promise<void> | null = null;

  constructor(database: Database, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** The result of the last successful count. */
  get value(): number {
    return this.#value;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      // A count that hangs must not let others queue behind it.
      this.#counting ??= this.#count().finally(() => {
        this.#counting = null;
      });
    }, COUNT_MS);
  }

  async #count(): Promise<void> {
    try {
      this.#value = await countQueued(this.#database);
    } catch (error) {
      this.#log.debug({ detail: (error as Error).message }, 'The queued turns could not be counted.');
    }
  }

  /** Stops counting; resolves when no count is running. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#counting;
  }
}
