// Shares statements among callers: items that arrive while a statement of the same kind runs go into the next one. An
// idle system runs an item at once; a busy system needs one round trip and one commit for many items.
import { Unavailable } from '../domain/errors.ts';

/** A kind of statement that callers share. */
export interface Batched<I, O> {
  readonly name: string;
  /** Returns the results of all items, in their order. If it rejects (not with Unavailable), each item is run alone. */
  run(items: readonly I[]): Promise<O[]>;
}

/** Maximum of concurrent statements of one kind: one runs while the results of the other are read. */
const MAX_RUNNING = 2;
/** Maximum of items in one statement: enough to share its cost, few enough to keep it short. */
const MAX_ITEMS = 64;

interface Pending<I, O> {
  readonly item: I;
  readonly resolve: (value: O) => void;
  readonly reject: (error: unknown) => void;
}

export class Batch<I, O> {
  readonly #kind: Batched<I, O>;
  #pending: Pending<I, O>[] = [];
  #running = 0;
  #scheduled = false;

  constructor(kind: Batched<I, O>) {
    this.#kind = kind;
  }

  /** Runs the item and returns its result. Rejects as `run` does. */
  add(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  /** Flushes after the callbacks that are due, so that the items that they add go into the same statement. */
  #schedule(): void {
    if (this.#scheduled || this.#running >= MAX_RUNNING || this.#pending.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#flush();
      this.#schedule();
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#pending.splice(0, MAX_ITEMS);
    this.#running += 1;
    try {
      const results = await this.#kind.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => resolve(results[index]!));
    } catch (error) {
      await this.#oneByOne(batch, error);
    } finally {
      this.#running -= 1;
      this.#schedule();
    }
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
