// Requests that wait for an event (long polls and event streams). A wait ends early when the client disconnects, when its
// credential expires, or when the server stops.
import type { ServerResponse } from 'node:http';

/** The maximum delay of a Node timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class OpenWaits {
  readonly #open = new Set<AbortController>();
  #ended = false;

  /** A signal that aborts when the client of the response disconnects, at `until`, and on `endAll`. */
  begin(response: ServerResponse, until: Date | null): AbortSignal {
    const controller = new AbortController();
    if (this.#ended || response.destroyed) {
      controller.abort();
      return controller.signal;
    }
    this.#open.add(controller);
    const expiry = until && setTimeout(() => controller.abort(), Math.min(until.getTime() - Date.now(), MAX_TIMER_MS));
    response.once('close', () => {
      this.#open.delete(controller);
      if (expiry) clearTimeout(expiry);
      if (!response.writableFinished) controller.abort();
    });
    return controller.signal;
  }

  /** Ends all waits, including those that begin later. */
  endAll(): void {
    this.#ended = true;
    for (const controller of this.#open) controller.abort();
    this.#open.clear();
  }
}
