// Statements for many callers at once: what is asked while an earlier statement of the kind runs goes into the next one.
// An idle system answers at once; a busy one pays one round trip and one commit for many.
import { Unavailable } from '../domain/errors.ts';

/** One kind of statement that serves many callers. */
export interface Batched<I, O> {
  readonly name: string;
  /** Answers all items, in their order. One failure fails all: then each is tried by itself. */
  run(items: readonly I[]): Promise<O[]>;
}

/** Statements of one kind under way at once: one runs while the answers of the other are read. */
const UNDER_WAY = 2;
/** Items of one statement: enough to share its cost, few enough to keep it short. */
const ITEMS = 64;

interface Waiting<I, O> {
  readonly item: I;
  readonly resolve: (value: O) => void;
  readonly reject: (error: unknown) => void;
}

export class Batch<I, O> {
  readonly #kind: Batched<I, O>;
  #waiting: Waiting<I, O>[] = [];
  #underWay = 0;
  #scheduled = false;

  constructor(kind: Batched<I, O>) {
    this.#kind = kind;
  }

  /** The answer to this item. Rejects as `run` does. */
  ask(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  /** After the callbacks that are due, so that what they ask goes along. */
  #schedule(): void {
    if (this.#scheduled || this.#underWay >= UNDER_WAY || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#flush();
      this.#schedule();
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting.splice(0, ITEMS);
    this.#underWay += 1;
    try {
      const answers = await this.#kind.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => resolve(answers[index]!));
    } catch (error) {
      await this.#oneByOne(batch, error);
    } finally {
      this.#underWay -= 1;
      this.#schedule();
    }
  }

  /** One item that cannot be answered must not fail the others; a database that is away fails them all. */
  async #oneByOne(batch: readonly Waiting<I, O>[], error: unknown): Promise<void> {
    const alone = batch.length === 1 || error instanceof Unavailable;
    for (const { item, resolve, reject } of batch) {
      if (alone) reject(error);
      else await this.#kind.run([item]).then(([answer]) => resolve(answer!), reject);
    }
  }
}
