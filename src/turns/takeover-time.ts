// When this process may take over lapsed claims of other workers. While the database is unavailable nobody can renew a
// claim, so after an outage the owners must have the time to renew theirs first. A worker that was cut off alone does not
// hold back the others: they have seen no outage.

/** Longer than a worker needs for its first renewal after an outage: it tries every half second, and a connection takes
 *  up to three seconds. */
const AFTER_OUTAGE_MS = 4_000;
/** The part of a lease after which a renewal without an answer counts as silence. An outage that is long enough to let a
 *  lease lapse lasts longer, whenever the renewals of this process were sent. */
const SILENCE_PER_LEASE = 1 / 4;

export class TakeoverTime {
  readonly #silenceMs: number;
  /** By the clock of this process: not before this time. */
  #from: number;
  #failed = false;
  /** When the renewals were sent that have no answer yet, and after which no other one was answered: a later answer shows
   *  that only the connection of the earlier renewal hangs. In the order in which they were sent. */
  readonly #sent = new Set<{ readonly at: number }>();
  /** The time of the database in the last answer, and when the answer arrived. */
  #answer: { readonly at: number; readonly arrived: number } | null = null;

  /** `connectedAt`: when this process first reached the database, by `performance.now()`. It cannot know whether there was
   *  an outage before. */
  constructor({ leaseS, connectedAt }: { readonly leaseS: number; readonly connectedAt: number }) {
    this.#silenceMs = leaseS * 1_000 * SILENCE_PER_LEASE;
    this.#from = connectedAt + AFTER_OUTAGE_MS;
  }

  /** Runs a renewal, and learns from its answer whether the database answers, and its time. */
  async observe<T extends { readonly at: number }>(renewal: () => Promise<T>): Promise<T> {
    const sent = { at: performance.now() };
    this.#sent.add(sent);
    try {
      const result = await renewal();
      for (const each of this.#sent) if (each.at <= sent.at) this.#sent.delete(each);
      this.#answered(result.at, sent.at);
      return result;
    } catch (error) {
      if (this.#sent.delete(sent)) this.#failed = true;
      throw error;
    }
  }

  #answered(at: number, sentAt: number): void {
    const now = performance.now();
    // After a silence, the renewals of all workers are answered at the same time.
    if (now - sentAt > this.#silenceMs) this.#notBefore(now + this.#silenceMs);
    if (this.#failed) this.#notBefore(now + AFTER_OUTAGE_MS);
    this.#failed = false;
    this.#answer = { at, arrived: now };
  }

  #notBefore(time: number): void {
    this.#from = Math.max(this.#from, time);
  }

  /** Whether the database answers this process. */
  get answering(): boolean {
    const silentSince = performance.now() - this.#silenceMs;
    return !this.#failed && ![...this.#sent].some(({ at }) => at < silentSince);
  }

  /** Claims whose leases ended before this time of the database may be taken over: milliseconds since 1970, 0 for none.
   *  It is the time at which the claim is sent. So a statement that the database keeps for the length of an outage takes
   *  over nothing that lapsed meanwhile. */
  get lapsedBefore(): number {
    const now = performance.now();
    if (!this.#answer || !this.answering || now < this.#from) return 0;
    return this.#answer.at + (now - this.#answer.arrived);
  }
}
