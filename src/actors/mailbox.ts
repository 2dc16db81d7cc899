// Serialises tasks by key; both actor runtimes use it to run one call of a user at a time.

/** Runs the tasks of one key one at a time, in the order of the calls. Tasks of different keys run concurrently. */
export class Mailbox {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Queues a task and returns its result. A task that rejects does not stop the tasks behind it. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const previous = this.#last.get(key);
    const result = previous ? previous.then(task, task) : task();
    this.#last.set(key, result);
    const forget = () => {
      if (this.#last.get(key) === result) this.#last.delete(key);
    };
    result.then(forget, forget);
    return result;
  }

  /** Resolves when no task is running or queued. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.allSettled(this.#last.values());
  }
}
