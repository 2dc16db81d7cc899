// Requests that wait for something to happen: they end early when their client goes or the server stops.
import type { ServerResponse } from 'node:http';

export class OpenWaits {
  readonly #open = new Set<AbortController>();
  #ended = false;

  /** A signal that aborts when the response's client has gone, or when all waits are ended. */
  begin(response: ServerResponse): AbortSignal {
    const controller = new AbortController();
    if (this.#ended || response.destroyed) {
      controller.abort();
      return controller.signal;
    }
    this.#open.add(controller);
    response.once('close', () => {
      this.#open.delete(controller);
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
