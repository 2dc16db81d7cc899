// Records what a process has started and stops it in reverse order, each step once.
import type { Log } from '../telemetry/log.ts';

/** Running work gets this time to finish when the process stops; then other processes take it over. */
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

  /** Registers how to stop something that was started. */
  started(name: string, stop: () => Promise<void>): void {
    this.#steps.push({ name, stop });
  }

  /** True after `stop` was called. */
  get stopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Stops everything, last first. If a step fails, the remaining ones still run. Repeated calls share one stop. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.stop();
      } catch (error) {
        this.#log.warn({ step: step.name, err: error }, 'A step of the shutdown failed.');
      }
    }
  }
}
