// A file of the operator that is in force while the process runs. It is read again when it changes. An invalid new version
// is logged and counted, and the previous version stays in force.
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** Poll interval of the file. Polls compare the text, which is a few kilobytes. Modification times are too coarse on
 *  some file systems, and a file watch is lost when the file is replaced (by editors, or in ConfigMaps). */
const POLL_MS = 1_000;

export interface LiveFileOptions<Read, Value> {
  readonly path: string;
  /** What was read and is in force when the process starts. */
  readonly started: { readonly read: Read; readonly value: Value };
  /** Reads the file, and the files that it names. Does not reject. */
  readonly read: () => Promise<Read>;
  readonly parse: (read: Read) => { readonly value: Value | null; readonly faults: readonly string[] };
  readonly metrics: Metrics['reviewPolicy'];
  readonly log: Log;
  /** Names the file in the log. */
  readonly name: string;
  /** What the log says about a new version. */
  readonly describe: (value: Value) => object;
}

export class LiveFile<Read, Value> {
  readonly #options: LiveFileOptions<Read, Value>;
  #current: Value;
  /** What was applied or refused last, as JSON. */
  #processed: string;
  /** What the last poll read, as JSON. */
  #lastRead: string;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: LiveFileOptions<Read, Value>) {
    this.#options = options;
    this.#current = options.started.value;
    this.#processed = this.#lastRead = JSON.stringify(options.started.read);
    options.metrics.inForce.set({ file: options.path }, 1);
  }

  get current(): Value {
    return this.#current;
  }

  /** Polls until `stop` is called. */
  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#polling = this.#poll().then(() => this.start());
    }, POLL_MS);
  }

  /** Stops polling; resolves when no poll is running. */
  stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    return this.#polling;
  }

  /** Applies the version on disk without waiting for the next poll, if it is valid. */
  async refresh(): Promise<void> {
    const read = await this.#options.read();
    if (JSON.stringify(read) !== this.#processed && this.#options.parse(read).value !== null) this.#process(read);
  }

  async #poll(): Promise<void> {
    const read = await this.#options.read();
    const text = JSON.stringify(read);
    // Only a text that two polls read is processed: the file may be half written, or missing while it is replaced.
    const stable = text === this.#lastRead;
    this.#lastRead = text;
    if (stable && text !== this.#processed) this.#process(read);
  }

  #process(read: Read): void {
    const { path, name, parse, metrics, log, describe } = this.#options;
    this.#processed = JSON.stringify(read);
    const { value, faults } = parse(read);
    metrics.inForce.set({ file: path }, value === null ? 0 : 1);
    metrics.reloads.inc({ outcome: value === null ? 'refused' : 'applied' });
    if (value === null) {
      log.error({ faults }, `The new version of the ${name} is invalid; the previous version stays in force.`);
      return;
    }
    this.#current = value;
    log.info(describe(value), `The ${name} was reloaded.`);
  }
}
