// Erases users: deletes their rows, then removes their data from all other stores. A second pass removes what running work
// wrote in the meantime.
import type { ActorRuntime } from '../actors/runtime.ts';
import type { Hooks } from '../domain/events.ts';
import { newId } from '../domain/ids.ts';
import type { Log } from '../telemetry/log.ts';
import type { Database } from '../store/database.ts';
import {
  beginErasure,
  dueErasures,
  erasurePassed,
  findErasure,
  finishErasure,
  postponeErasure,
  removeRows,
} from '../store/erasures.ts';
import { PASSES, type DueErasure, type Erasure } from '../domain/erasure.ts';

const PAGE = 20;
const RETRY_S = 5;

/** Removes the data of one user from a store other than the database. Idempotent. Rejects while the store is
 *  unavailable. */
export type RemoveUserData = (erasure: DueErasure) => Promise<void>;

export interface EraserDeps {
  readonly database: Database;
  readonly actors: ActorRuntime;
  /** One function for each other store that may hold data of users. */
  readonly removals: readonly RemoveUserData[];
  /** Seconds after which no worker can still be working on an erased turn: the lease of a claim. */
  readonly settleS: number;
  readonly hooks: Pick<Hooks, 'turnChanged' | 'turnCancelled'>;
  readonly log: Log;
}

export class Eraser {
  readonly #deps: EraserDeps;
  readonly #passes = new Set<Promise<void>>();

  constructor(deps: EraserDeps) {
    this.#deps = deps;
  }

  /** Begins the erasure. When it resolves, running work cannot commit, no turn of the user is accepted, and the rows of
   *  the user are deleted. Of a user with very many rows only those that running work could change are certainly deleted.
   *  The passes remove the rest. @throws Unavailable */
  async begin(userId: string): Promise<Erasure> {
    const { database, log } = this.#deps;
    const { erasure, turnIds } = await beginErasure(database, newId(), userId);
    this.#announce(turnIds);
    log.info({ erasure_id: erasure.erasureId }, 'An erasure began.');
    return erasure;
  }

  /** Stops workers that run these turns, and notifies clients that wait for them. */
  #announce(turnIds: readonly string[]): void {
    for (const turnId of turnIds) {
      this.#deps.hooks.turnCancelled(turnId);
      this.#deps.hooks.turnChanged(turnId);
    }
  }

  /** @throws Unavailable */
  find(erasureId: string): Promise<Erasure | null> {
    return findErasure(this.#deps.database, erasureId);
  }

  /** Starts the passes that are due. @throws Unavailable */
  async sweep(): Promise<void> {
    for (const erasure of await dueErasures(this.#deps.database, PAGE)) {
      // Not awaited: a pass may take long and must not delay the passes of other users.
      const pass = this.#pass(erasure).finally(() => this.#passes.delete(pass));
      this.#passes.add(pass);
    }
  }

  /** Resolves when no pass is running. To be called after the last sweep. */
  async idle(): Promise<void> {
    await Promise.all(this.#passes);
  }

  async #pass(erasure: DueErasure): Promise<void> {
    const { database, actors, removals, settleS, log } = this.#deps;
    const { erasureId, userId } = erasure;
    try {
      this.#announce(await removeRows(database, userId));
      await actors.call(userId, 'erase', {});
      for (const remove of removals) await remove(erasure);
      if (erasure.passes + 1 < PASSES) return await erasurePassed(database, erasureId, settleS);
      await finishErasure(database, erasure);
      log.info({ erasure_id: erasureId }, 'An erasure was completed.');
    } catch (error) {
      log.warn(
        { erasure_id: erasureId, detail: (error as Error).message },
        'A pass of an erasure failed and will be retried.',
      );
      // If this fails too, the pass becomes due when its lease lapses.
      await postponeErasure(database, erasureId, RETRY_S).catch(() => {});
    }
  }
}
