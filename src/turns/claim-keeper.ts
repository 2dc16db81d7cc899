// Renews the claims of this process and aborts the work on a turn whose claim was lost.
import type { Claim } from '../store/claims.ts';

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
  /** Renews those claims that are still held and returns their turn ids. */
  readonly renew: (claims: readonly Claim[]) => Promise<ReadonlySet<string>>;
  /** Releases the claims, so that another process does not have to wait for their leases to lapse. */
  readonly release: (claims: readonly Claim[]) => Promise<void>;
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
  #timer: NodeJS.Timeout | undefined;
  #abandoned = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  start(): void {
    // The lease is three intervals long, so that a renewal can fail once or twice.
    this.#timer ??= setInterval(() => void this.renew(), (this.#options.leaseS * 1000) / 3);
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

  /** Renews all claims once. Never rejects: while the database is unavailable, no other process can take over a
   *  claim. */
  renew(): Promise<void> {
    this.#toCheck.clear();
    return this.#renew([...this.#held.values()]);
  }

  /** Checks at once whether the claim of this turn is still held, because a hint says that it may not be. Never
   *  rejects. */
  async check(turnId: string): Promise<void> {
    const entry = this.#held.get(turnId);
    if (entry) await this.#renew([entry]);
    else this.#toCheck.add(turnId);
  }

  async #renew(entries: readonly HeldClaim[]): Promise<void> {
    if (entries.length === 0) return;
    try {
      const kept = await this.#options.renew(entries.map(({ claim }) => claim));
      for (const { claim, controller } of entries) {
        if (!kept.has(claim.turnId)) controller.abort(new ClaimLost(claim.turnId));
      }
    } catch {
      // The readiness probe and other statements report the error. The next renewal tries again.
    }
  }

  /** Aborts all work with Stopping and releases the claims. @throws Unavailable */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const entries = [...this.#held.values()];
    for (const { controller } of entries) controller.abort(new Stopping('this process is stopping'));
    if (entries.length > 0) await this.#options.release(entries.map(({ claim }) => claim));
  }
}
