// Shares statements among callers: items that arrive while a statement of the same kind runs go into the next one. An
// idle system runs an item at once; a busy system needs one round trip and one commit for many items.
import { Unavailable } from '../domain/errors.ts';

/** A kind of statement that callers share. */
export interface Batched<I, O> {
  readonly name: string;
  /** Returns the results of all items, in their order. If it rejects (not with Unavailable), each item is run alone. */
  run(items: readonly I[]): Promise<O[]>;
}

/** Maximum of items in one statement: enough to share its cost, few enough to keep it short. */
const MAX_ITEMS = 64;
/** One statement runs at a time, so that the items that arrive meanwhile share the next one. If it takes longer than
 *  this, another one may start, up to the maximum: one connection that hangs must not stop all callers. */
const SLOW_MS = 250;
const MAX_RUNNING = 4;
/** Limits of what waits for a statement while the database is slow or hangs. */
const MAX_PENDING = 4_096;
const MAX_WAIT_MS = 3_000;

interface Pending<I, O> {
  readonly item: I;
  /** By the monotonic clock, in milliseconds. */
  readonly since: number;
  readonly resolve: (value: O) => void;
  readonly reject: (error: unknown) => void;
}

export class Batch<I, O> {
  readonly #kind: Batched<I, O>;
  #pending: Pending<I, O>[] = [];
  /** Statements that run. The timer lets the next one start if the latest of them is slow. */
  #running = 0;
  #slow: NodeJS.Timeout | undefined;
  #scheduled = false;
  #expiry: NodeJS.Timeout | undefined;

  constructor(kind: Batched<I, O>) {
    this.#kind = kind;
  }

  /** Runs the item and returns its result. Rejects as `run` does, and with Unavailable if the item was not run, because
   *  too many wait or it waited too long. */
  add(item: I): Promise<O> {
    if (this.#pending.length >= MAX_PENDING) return Promise.reject(this.#notRun());
    return new Promise((resolve, reject) => {
      this.#pending.push({ item, since: performance.now(), resolve, reject });
      if (!this.#expiry) this.#expiry = setTimeout(() => this.#expire(), MAX_WAIT_MS);
      this.#schedule();
    });
  }

  #notRun(): Unavailable {
    return new Unavailable('database', { detail: `the statement ${this.#kind.name} has to wait too long` });
  }

  #expire(): void {
    const limit = performance.now() - MAX_WAIT_MS;
    while (this.#pending[0] && this.#pending[0].since <= limit) this.#pending.shift()!.reject(this.#notRun());
    const first = this.#pending[0];
    this.#expiry = first && setTimeout(() => this.#expire(), Math.max(1, first.since - limit));
  }

  /** Flushes after the callbacks that are due, so that the items that they add go into the same statement. */
  #schedule(): void {
    if (this.#scheduled || this.#pending.length === 0) return;
    if (this.#slow || this.#running >= MAX_RUNNING) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#pending.splice(0, MAX_ITEMS);
    if (this.#pending.length === 0) {
      clearTimeout(this.#expiry);
      this.#expiry = undefined;
    }
    this.#running += 1;
    const slow = setTimeout(() => this.#admitNext(slow), SLOW_MS);
    this.#slow = slow;
    try {
      const results = await this.#kind.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => resolve(results[index]!));
    } catch (error) {
      await this.#oneByOne(batch, error);
    } finally {
      this.#running -= 1;
      clearTimeout(slow);
      this.#admitNext(slow);
    }
  }

  /** The statement of this timer has ended or is slow. If it is the latest one, the next one may start. */
  #admitNext(timer: NodeJS.Timeout): void {
    if (this.#slow === timer) this.#slow = undefined;
    this.#schedule();
  }

  /** An item that fails must not fail the others. If the database is unavailable, all items fail. */
  async #oneByOne(batch: readonly Pending<I, O>[], error: unknown): Promise<void> {
    const failAll = batch.length === 1 || error instanceof Unavailable;
    for (const { item, resolve, reject } of batch) {
      if (failAll) reject(error);
      else await this.#kind.run([item]).then(([result]) => resolve(result!), reject);
    }
  }
}
