// The time and the progress of one request of a call, and how a failure of it is judged.
import { ForbiddenAddress } from '../outbound/request.ts';
import { attemptOf, type Attempt } from '../domain/tools/attempts.ts';
import type { Effect } from '../domain/tools/tool.ts';

/** Ends one request at its deadline, or when the caller's signal aborts. A `once` call that was sent is not aborted: nobody
 *  would know whether it was carried out. */
export class Exchange {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #effect: Effect;
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #abort = (): void => {
    if (this.#effect !== 'once' || !this.wasSent) this.#controller.abort(this.#caller.reason);
  };
  #isLate = false;
  /** Something may have reached the tool. */
  wasSent = false;

  constructor(caller: AbortSignal, effect: Effect, timeoutMs: number) {
    this.#caller = caller;
    this.#effect = effect;
    this.#timeoutMs = timeoutMs;
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      this.#controller.abort(new Error('timeout'));
    }, timeoutMs);
    caller.addEventListener('abort', this.#abort);
    if (caller.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Marks that something may have reached the tool from now on. */
  readonly sent = (): void => {
    this.wasSent = true;
  };

  /** Marks that the tool has certainly done nothing: the request may be sent again, unless the caller has aborted. */
  revoke(): void {
    this.wasSent = false;
    if (this.#caller.aborted) this.#abort();
  }

  /** Frees the timer and the listener. */
  end(): void {
    clearTimeout(this.#timer);
    this.#caller.removeEventListener('abort', this.#abort);
  }

  /** How the request ended, if it ended with this error of the network.
   *  @throws the reason of the caller's signal, if it ended the request */
  attemptAfter(error: unknown): Attempt {
    if (error instanceof ForbiddenAddress)
      return attemptOf('unsent', `The tool was not called: its URL ${error.message}.`);
    if (this.signal.aborted && !this.#isLate) throw this.#caller.reason;
    const { code } = error as NodeJS.ErrnoException;
    const named = code === undefined ? '' : ` (${code})`;
    if (this.#isLate)
      return attemptOf(
        this.wasSent ? 'lost' : 'postponed',
        `The tool did not answer within ${this.#timeoutMs / 1_000} s.`,
      );
    return this.wasSent
      ? attemptOf('lost', `The connection to the tool broke${named}.`)
      : attemptOf('unsent', `The tool was not called: it could not be reached${named}.`);
  }
}

/** The server does not know the session any more, so it has done nothing. */
export class SessionLost extends Error {
  override readonly name = 'SessionLost';
  readonly attempt: Attempt;
  constructor(attempt: Attempt) {
    super('the server does not know the session');
    this.attempt = attempt;
  }
}
