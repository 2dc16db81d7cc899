// Runs the queued turns of users: one turn of a user at a time, and a limited number of users at the same time.
import type { Claim } from '../store/held-claims.ts';
import type { Log } from '../telemetry/log.ts';
import { Unavailable } from '../domain/errors.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../concurrency/within.ts';
import type { TurnRun } from './turn-run.ts';

/** After this many turns of one user in a row, users that wait for a place are served first. */
const MAX_IN_A_ROW = 5;
/** After an error the user's turns are run again after this time, which doubles with every further error. */
const RETRY_MS = 250;
const RETRY_MAX_MS = 5_000;
/** Ids of recent turns that are remembered, to skip their jobs. */
const REMEMBERED = 10_000;

export interface RunnerDeps {
  readonly turns: Pick<TurnRun, 'next'>;
  /** Users whose turns run here at the same time. As many may wait for a retry of their model call besides. */
  readonly concurrency: number;
  /** The user's first queued turn; null: none. @throws Unavailable */
  readonly firstQueued: (userId: string) => Promise<Claim | null>;
  /** Whether this process can reach actors. Otherwise other workers run the turns. */
  readonly isReachable: () => boolean;
  /** Lets other workers run the user's turns. Returns the next one; null: none. @throws Unavailable */
  readonly giveUp: (userId: string) => Promise<Claim | null>;
  /** Another worker holds the user: asks it to run the turns, and tries again later. */
  readonly askHolder: (userId: string) => void;
  /** Puts a turn behind the turns of other users. */
  readonly requeue: (turn: Claim & { readonly userId: string }) => void;
  readonly log: Log;
}

interface Waiting {
  readonly userId: string;
  readonly resolve: (started: boolean) => void;
}

interface Resuming {
  readonly userId: string;
  readonly resolve: () => void;
}

export class UserRunner {
  readonly #deps: RunnerDeps;
  /** Users whose turns run here. True: their turns were started again meanwhile. */
  readonly #running = new Map<string, boolean>();
  /** Errors in a row, by user. */
  readonly #errors = new Map<string, number>();
  /** Users that wait for a free place, in order. */
  readonly #waiting: Waiting[] = [];
  /** Users whose turn waits for a retry and has given its place to others. */
  readonly #pausing = new Set<string>();
  /** Those of them whose wait has ended, in order. */
  readonly #resuming: Resuming[] = [];
  /** Turns that were delivered here, so that they never run again. */
  readonly #over = new Set<string>();
  #draining = false;
  readonly #idle = Promise.withResolvers<void>();

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
  }

  /** Runs the user's turns if there is a free place. False: there is none. */
  tryStart(userId: string): boolean {
    if (this.#draining || !this.#deps.isReachable()) return false;
    if (!this.#running.has(userId) && (!this.#hasPlace || this.#isAwaited)) return false;
    this.#start(userId);
    return true;
  }

  /** Runs the user's turns. Waits up to `waitMs` for a free place; false: there was none. Does nothing if the turn was
   *  delivered here: its job comes after its run. @throws Unavailable if this process cannot reach actors */
  async start(userId: string, turnId: string, waitMs: number): Promise<boolean> {
    if (this.#over.has(turnId) || this.tryStart(userId)) return true;
    if (!this.#deps.isReachable()) throw new Unavailable('actors');
    if (this.#draining || waitMs <= 0) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiting = { userId, resolve };
    this.#waiting.push(waiting);
    const timer = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      resolve(false);
    }, waitMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits `ms` milliseconds before the user's running turn calls the model again. Meanwhile another user has its place, if
   *  not all places are given away like this. Afterwards the turn waits for the next free place, before users whose turns
   *  have not begun. Resolves early when the signal aborts. */
  async pause(userId: string, ms: number, signal: AbortSignal): Promise<void> {
    const givesPlace = this.#pausing.size < this.#deps.concurrency;
    if (givesPlace) {
      this.#pausing.add(userId);
      this.#admit();
    }
    // The rejection of `sleep` says only that the signal aborted.
    await sleep(ms, undefined, { signal }).catch(() => {});
    if (givesPlace) await this.#resume(userId, signal);
  }

  /** Takes a place again. A turn that ends now, because its signal aborted, needs none. */
  async #resume(userId: string, signal: AbortSignal): Promise<void> {
    if (!signal.aborted && (!this.#hasPlace || this.#resuming.length > 0)) {
      const place = Promise.withResolvers<void>();
      const resolve = () => place.resolve();
      const resuming = { userId, resolve };
      this.#resuming.push(resuming);
      signal.addEventListener('abort', resolve, { once: true });
      await place.promise;
      signal.removeEventListener('abort', resolve);
      if (this.#resuming.includes(resuming)) this.#resuming.splice(this.#resuming.indexOf(resuming), 1);
    }
    this.#pausing.delete(userId);
  }

  /** Claims no more turns, and waits up to `ms` milliseconds for those that run. */
  async drain(ms: number): Promise<void> {
    this.#draining = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve(false);
    if (this.#running.size > 0) await within(ms, this.#idle.promise).catch(() => {});
  }

  get #hasPlace(): boolean {
    return this.#running.size - this.#pausing.size < this.#deps.concurrency;
  }

  /** Whether the next free place belongs to a user that waits for it. */
  get #isAwaited(): boolean {
    return this.#resuming.length > 0 || this.#waiting.length > 0;
  }

  /** If the user's turns run here already, their loop claims once more when it has found none. */
  #start(userId: string): void {
    const isRunning = this.#running.has(userId);
    this.#running.set(userId, isRunning);
    if (!isRunning) void this.#run(userId);
  }

  async #run(userId: string): Promise<void> {
    try {
      const next = await this.#runAll(userId);
      this.#running.delete(userId);
      if (next) this.#deps.requeue({ ...next, userId });
    } catch (error) {
      const isGivenUp = !this.#deps.isReachable() && (await this.#giveUp(userId));
      this.#running.delete(userId);
      if (!isGivenUp) {
        this.#deps.log.warn({ err: error }, 'The turns of a user could not be run; they are tried again.');
        this.#retry(userId);
      }
    }
    this.#admit();
  }

  /** Lets other workers run the user's turns. False: the database did not answer. */
  async #giveUp(userId: string): Promise<boolean> {
    try {
      const next = await this.#deps.giveUp(userId);
      if (next) this.#deps.requeue({ ...next, userId });
      return true;
    } catch {
      return false;
    }
  }

  /** Runs the user's turns again later. If the answer to a claim was lost, only this worker can get the claim again before
   *  it lapses. If there is no free place by then, the sweeper wakes a worker. */
  #retry(userId: string): void {
    const errors = this.#errors.get(userId) ?? 0;
    this.#errors.set(userId, errors + 1);
    const retryMs = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** errors) * (0.5 + Math.random() / 2);
    setTimeout(() => {
      if (!this.tryStart(userId)) this.#errors.delete(userId);
    }, retryMs).unref();
  }

  /** Gives the free places to the users that wait. */
  #admit(): void {
    while (this.#hasPlace) {
      const resuming = this.#resuming.shift();
      if (resuming) {
        this.#pausing.delete(resuming.userId);
        resuming.resolve();
        continue;
      }
      const next = this.#waiting.shift();
      if (!next) break;
      this.#start(next.userId);
      next.resolve(true);
    }
    if (this.#draining && this.#running.size === 0) this.#idle.resolve();
  }

  /** Runs turns until the user has none, or until other users should be served first: then returns the next turn. The
   *  claim after a commit also finds a turn whose job came while this one ran. */
  async #runAll(userId: string): Promise<Claim | null> {
    for (let inARow = 0; ;) {
      this.#running.set(userId, false);
      if (this.#draining) return null;
      if (inARow >= MAX_IN_A_ROW && this.#isAwaited) {
        const next = await this.#deps.firstQueued(userId);
        if (next) return next;
      }
      const run = await this.#deps.turns.next(userId);
      this.#errors.delete(userId);
      if (run === 'held') {
        this.#deps.askHolder(userId);
        return null;
      }
      if (run) {
        inARow += 1;
        if (run.isOver) this.#remember(run.turnId);
      } else if (this.#running.get(userId) !== true) return null;
    }
  }

  #remember(turnId: string): void {
    this.#over.add(turnId);
    if (this.#over.size > REMEMBERED) this.#over.delete(this.#over.values().next().value!);
  }
}
