/** Functions that are called for the events of one key each. */
export class Listeners<A extends unknown[]> {
  readonly #byKey = new Map<string, Set<(...event: A) => void>>();

  /** Calls `listener` at every event of this key until the returned function is called. */
  add(key: string, listener: (...event: A) => void): () => void {
    const listeners = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      // Another set may belong to the key by now.
      if (listeners.size === 0 && this.#byKey.get(key) === listeners) this.#byKey.delete(key);
    };
  }

  /** Calls the listeners of this key. */
  call(key: string, ...event: A): void {
    for (const listener of this.#byKey.get(key) ?? []) listener(...event);
  }
}
