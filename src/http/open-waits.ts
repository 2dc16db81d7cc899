// Requests that wait for something to happen: they end early when their client goes, when what it signed in with lapses,
// or when the server stops.
import type { ServerResponse } from 'node:http';

/** A timer of Node takes no more. */
const LONGEST_MS = 2 ** 31 - 1;

export class OpenWaits {
  readonly #open = new Set<AbortController>();
  #ended = false;

  /** A signal that aborts when the response's client has gone, at `until`, or when all waits are ended. */
  begin(response: ServerResponse, until: Date | null): AbortSignal {
    const controller = new AbortController();
    if (this.#ended || response.destroyed) {
      controller.abort();
      return controller.signal;
    }
    this.#open.add(controller);
    const lapses = until && setTimeout(() => controller.abort(), Math.min(until.getTime() - Date.now(), LONGEST_MS));
    response.once('close', () => {
      this.#open.delete(controller);
      if (lapses) clearTimeout(lapses);
      if (!response.writableFinished) controller.abort();
    });
    return controller.signal;
  }

  /** Ends every wait, and those that would begin later. */
  endAll(): void {
    this.#ended = true;
    for (const controller of this.#open) controller.abort();
    this.#open.clear();
  }
}
