// Whether the calls of this process can reach actors. Another process, with another sidecar, may still reach them.
import { Unavailable } from '../domain/errors.ts';

type Listener = (isReachable: boolean) => void;

export class Reachability {
  readonly #listeners = new Set<Listener>();
  #isReachable = true;

  get isReachable(): boolean {
    return this.#isReachable;
  }

  /** Calls `listener` at every change until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(isReachable: boolean): void {
    if (isReachable === this.#isReachable) return;
    this.#isReachable = isReachable;
    for (const listener of this.#listeners) listener(isReachable);
  }

  /** The outcome of the call. Rejects at once while actors cannot be reached: the call may still be made later.
   *  @throws Unavailable */
  async orUnreachable<T>(call: Promise<T>): Promise<T> {
    const unreachable = Promise.withResolvers<never>();
    const check = (): void => {
      if (!this.#isReachable)
        unreachable.reject(
          new Unavailable('actors', { detail: 'this process cannot reach actors', outcomeUnknown: true }),
        );
    };
    const stop = this.listen(check);
    check();
    try {
      return await Promise.race([call, unreachable.promise]);
    } finally {
      stop();
    }
  }
}
