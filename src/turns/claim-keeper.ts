// Keeps the claims of this process alive, and tells a turn's work when its claim was lost.
import type { Claim } from '../store/claims.ts';

/** The reason of a signal whose claim another process, or a cancellation, took. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
}

/** The reason of a signal whose process is being stopped. */
export class Stopping extends Error {
  override readonly name = 'Stopping';
}

interface KeeperOptions {
  readonly leaseS: number;
  /** Renews what is still held and returns its turn ids. */
  readonly renew: (claims: readonly Claim[]) => Promise<ReadonlySet<string>>;
  /** Gives claims up, so that another process need not wait for them to lapse. */
  readonly release: (claims: readonly Claim[]) => Promise<void>;
}

interface Held {
  readonly claim: Claim;
  readonly controller: AbortController;
}

export class ClaimKeeper {
  readonly #options: KeeperOptions;
  /** Turns of doubted claims that we do not hold, or do not hold yet; forgotten at the next renewal. */
  readonly #doubted = new Set<string>();
  readonly #held = new Map<string, Held>();
  #timer: NodeJS.Timeout | undefined;
  #abandoned = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  start(): void {
    // Three chances before the lease lapses.
    this.#timer ??= setInterval(() => void this.renew(), (this.#options.leaseS * 1000) / 3);
  }

  /** True once the claims were given up: nothing should be claimed any more. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Runs `work` while the claim is kept; its signal aborts with ClaimLost or Stopping. */
  async hold<T>(claim: Claim, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const entry = { claim, controller };
    this.#held.set(claim.turnId, entry);
    // Cancelled while the claim was on its way to us.
    if (this.#doubted.delete(claim.turnId)) void this.#renew([entry]);
    try {
      return await work(controller.signal);
    } finally {
      // A later claim of the same turn may stand there by now.
      if (this.#held.get(claim.turnId) === entry) this.#held.delete(claim.turnId);
    }
  }

  /** Renews all claims once. Never rejects: while the database is away nobody else can take them either. */
  renew(): Promise<void> {
    this.#doubted.clear();
    return this.#renew([...this.#held.values()]);
  }

  /** Looks at once whether the claim of this turn still stands, because somebody says that it does not. Never rejects. */
  async doubt(turnId: string): Promise<void> {
    const entry = this.#held.get(turnId);
    if (entry) await this.#renew([entry]);
    else this.#doubted.add(turnId);
  }

  async #renew(entries: readonly Held[]): Promise<void> {
    if (entries.length === 0) return;
    try {
      const kept = await this.#options.renew(entries.map(({ claim }) => claim));
      for (const { claim, controller } of entries) {
        if (!kept.has(claim.turnId)) controller.abort(new ClaimLost(claim.turnId));
      }
    } catch {
      // Seen by the readiness probe and by every statement; the next round tries again.
    }
  }

  /** Aborts all work with Stopping and gives the claims up. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const entries = [...this.#held.values()];
    for (const { controller } of entries) controller.abort(new Stopping('this process stops'));
    if (entries.length > 0) await this.#options.release(entries.map(({ claim }) => claim));
  }
}
