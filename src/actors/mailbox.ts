/** Runs tasks of one key one at a time, in the order they came; tasks of different keys side by side. */
export class Mailbox {
  readonly #last = new Map<string, Promise<unknown>>();

  /** A task that rejects does not stop those behind it. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const result = before ? before.then(task, task) : task();
    this.#last.set(key, result);
    const forget = () => {
      if (this.#last.get(key) === result) this.#last.delete(key);
    };
    result.then(forget, forget);
    return result;
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.allSettled(this.#last.values());
  }
}
