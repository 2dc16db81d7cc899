// Renews the claims of this process and aborts the work on a turn whose claim was lost.
import type { Claim, Renewed } from '../store/held-claims.ts';
import { TakeoverTime } from './takeover-time.ts';

/** After a renewal that failed or got no answer, the next ones follow at this interval. */
const RETRY_MS = 500;
/** A renewal of turns whose rows were locked is repeated after this time. */
const LOCKED_RETRY_MS = 250;
/** Renewals at the same time: one that gets no answer must not stop the next ones. */
const MAX_RENEWING = 3;

/** Abort reason: another process took over the claim, or the turn was cancelled. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
}

/** Abort reason: this process is stopping. */
export class Stopping extends Error {
  override readonly name = 'Stopping';
}

interface KeeperOptions {
  readonly leaseS: number;
  /** When this process first reached the database, by `performance.now()`. */
  readonly connectedAt: number;
  /** Renews those claims that are still held. Without claims it asks whether the database answers. */
  readonly renew: (claims: readonly Claim[]) => Promise<Renewed>;
  /** Releases the claims, so that another process does not have to wait for their leases to lapse. `unused`: the model
   *  was not called under them. */
  readonly release: (claims: readonly Claim[], unused: boolean) => Promise<void>;
}

interface HeldClaim {
  readonly claim: Claim;
  readonly controller: AbortController;
}

export class ClaimKeeper {
  readonly #options: KeeperOptions;
  /** Turns whose claim should be checked, but which this process does not hold, or not yet. Cleared at the next
   *  renewal. */
  readonly #toCheck = new Set<string>();
  readonly #held = new Map<string, HeldClaim>();
  readonly #time: TakeoverTime;
  #timer: NodeJS.Timeout | undefined;
  #started = false;
  #renewing = 0;
  #abandoned = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#time = new TakeoverTime(options);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#renewNext(0);
  }

  /** Renews after `ms`, and from then on at intervals. */
  #renewNext(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#started) return;
    this.#timer = setTimeout(() => {
      if (this.#renewing < MAX_RENEWING) void this.renew();
      // The lease is three intervals long, so that a renewal can fail once or twice.
      this.#renewNext(this.#time.answering ? (this.#options.leaseS * 1_000) / 3 : RETRY_MS);
    }, ms);
  }

  /** Whether the database answers this process. Otherwise it must not claim turns: it could not commit them. */
  get answering(): boolean {
    return this.#time.answering;
  }

  /** Leases that ended before this time of the database may be taken over (TakeoverTime). */
  get lapsedBefore(): number {
    return this.#time.lapsedBefore;
  }

  /** True after the claims were released: this process must not claim turns any more. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Runs `work` and renews the claim meanwhile. The signal aborts with ClaimLost or Stopping. */
  async hold<T>(claim: Claim, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const entry = { claim, controller };
    this.#held.set(claim.turnId, entry);
    // A cancellation may have arrived while the response to the claim was still in flight.
    if (this.#toCheck.delete(claim.turnId)) void this.#renew([entry]);
    try {
      return await work(controller.signal);
    } finally {
      // The entry may belong to a later claim of the same turn by now.
      if (this.#held.get(claim.turnId) === entry) this.#held.delete(claim.turnId);
    }
  }

  /** Renews all claims once. Never rejects: after an outage the claims are renewed before others take them over. */
  async renew(): Promise<void> {
    this.#toCheck.clear();
    this.#renewing += 1;
    const done = await this.#renew([...this.#held.values()]);
    this.#renewing -= 1;
    if (!done) this.#renewNext(RETRY_MS);
  }

  /** Checks at once whether the claim of this turn is still held, because a hint says that it may not be. Never
   *  rejects. */
  async check(turnId: string): Promise<void> {
    const entry = this.#held.get(turnId);
    if (entry) await this.#renew([entry]);
    else this.#toCheck.add(turnId);
  }

  /** False: the database did not answer. The readiness probe and other statements report the error. */
  async #renew(entries: readonly HeldClaim[]): Promise<boolean> {
    try {
      const claims = entries.map(({ claim }) => claim);
      const { held, renewed } = await this.#time.observe(() => this.#options.renew(claims));
      for (const { claim, controller } of entries) {
        if (!held.has(claim.turnId)) controller.abort(new ClaimLost(claim.turnId));
      }
      this.#renewLater(entries.filter(({ claim: { turnId } }) => held.has(turnId) && !renewed.has(turnId)));
      return true;
    } catch {
      return false;
    }
  }

  /** Renews the claims of locked rows, if they are still held by then. */
  #renewLater(locked: readonly HeldClaim[]): void {
    if (locked.length === 0) return;
    const renew = () => {
      const entries = locked.filter((entry) => this.#held.get(entry.claim.turnId) === entry);
      if (entries.length > 0) void this.#renew(entries);
    };
    setTimeout(renew, LOCKED_RETRY_MS).unref();
  }

  /** Releases a claim under which the model was not called. Never rejects: if the database does not answer, the lease of
   *  the claim lapses. */
  async release(claim: Claim): Promise<void> {
    await this.#options.release([claim], true).catch(() => {});
  }

  /** Aborts all work with Stopping and releases the claims. @throws Unavailable */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    this.#started = false;
    clearTimeout(this.#timer);
    const entries = [...this.#held.values()];
    for (const { controller } of entries) controller.abort(new Stopping('this process is stopping'));
    if (entries.length === 0) return;
    await this.#options.release(
      entries.map(({ claim }) => claim),
      false,
    );
  }
}
