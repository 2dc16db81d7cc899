// Claims turns for a worker of the Dapr runtime. The user's actor grants its user to the worker for a short time, so that
// the next turns of the user need no call of the actor.
import type { MemoryRecord } from '../domain/memory.ts';
import { GRANT_S } from '../store/grants.ts';
import type { ClaimArgs, ClaimReply, MethodArgs, SessionStore } from './user-session.ts';

export interface GrantedClaimsDeps {
  /** Asks the user's actor to claim. @throws Unavailable */
  readonly ask: (userId: string, args: MethodArgs<'claim'>) => Promise<ClaimReply>;
  /** Claims with a grant. */
  readonly store: Pick<SessionStore, 'claimNext'>;
  readonly giveBack: (userIds: readonly string[], holder: string) => Promise<void>;
  /** Identifies this worker. */
  readonly holder: string;
}

interface Grant {
  readonly version: number;
  /** Every change of the memory ends the grant, so it is the current one. */
  readonly memory: MemoryRecord;
  /** By the clock of this process, not later than by the database's. */
  readonly until: number;
}

export class GrantedClaims {
  readonly #deps: GrantedClaimsDeps;
  /** The oldest first. */
  readonly #grants = new Map<string, Grant>();

  constructor(deps: GrantedClaimsDeps) {
    this.#deps = deps;
  }

  /** Claims the user's next turn, with the grant if this worker has one. @throws Unavailable */
  async next(userId: string, args: ClaimArgs): Promise<ClaimReply> {
    const grant = this.#grants.get(userId);
    if (grant && grant.until > performance.now()) {
      const reply = await this.#claimWith(userId, args, grant);
      if (reply.outcome !== 'held') return reply;
    }
    return this.#ask(userId, args);
  }

  async #claimWith(userId: string, args: ClaimArgs, { version, memory }: Grant): Promise<ClaimReply> {
    const { store, holder } = this.#deps;
    const claim = await store.claimNext(userId, args, { holder, version });
    return claim.outcome === 'claimed' ? { ...claim, work: { ...claim.work, memory } } : claim;
  }

  async #ask(userId: string, args: ClaimArgs): Promise<ClaimReply> {
    const { ask, holder } = this.#deps;
    this.#grants.delete(userId);
    const until = performance.now() + GRANT_S * 1_000;
    const reply = await ask(userId, { ...args, holder });
    if (reply.outcome === 'claimed' && reply.grantVersion !== null) {
      this.#grants.set(userId, { version: reply.grantVersion, memory: reply.work.memory, until });
      this.#dropEnded();
    }
    return reply;
  }

  #dropEnded(): void {
    for (const [userId, { until }] of this.#grants) {
      if (until > performance.now()) return;
      this.#grants.delete(userId);
    }
  }

  /** Whether this worker holds the user. */
  holds(userId: string): boolean {
    return (this.#grants.get(userId)?.until ?? 0) > performance.now();
  }

  /** Gives the user back, because another worker should run its turns. @throws Unavailable */
  async giveBack(userId: string): Promise<void> {
    this.#grants.delete(userId);
    await this.#deps.giveBack([userId], this.#deps.holder);
  }

  /** Gives all users back. @throws Unavailable */
  async giveBackAll(): Promise<void> {
    const users = [...this.#grants.keys()];
    this.#grants.clear();
    if (users.length > 0) await this.#deps.giveBack(users, this.#deps.holder);
  }
}
