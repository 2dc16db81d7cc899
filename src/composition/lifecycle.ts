// What was started is stopped in reverse, each once, however often it is asked.
import type { Log } from '../telemetry/log.ts';

/** What runs when the process is asked to stop may end within this time; then others take it over. */
export const DRAIN_MS = 10_000;

interface Step {
  readonly name: string;
  readonly stop: () => Promise<void>;
}

export class Lifecycle {
  readonly #steps: Step[] = [];
  readonly #log: Log;
  #stopping: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Remembers how to stop what has just been started. */
  started(name: string, stop: () => Promise<void>): void {
    this.#steps.push({ name, stop });
  }

  /** True as soon as stopping has begun. */
  get stopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Stops everything, last first; a step that fails does not keep the others running. Concurrent callers share it. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.stop();
      } catch (error) {
        this.#log.warn({ step: step.name, err: error }, 'A part did not stop cleanly.');
      }
    }
  }
}
