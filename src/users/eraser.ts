// Erasing users everywhere: rows at once, then in passes whatever is not a row, until nothing can come back.
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
} from '../store/erasures.ts';
import { PASSES, type DueErasure, type Erasure } from '../domain/erasure.ts';

const PAGE = 20;
/** A pass that has not come to its end in this time is made again. */
const PASS_LEASE_S = 60;
const RETRY_S = 5;
const LOOK_MS = 1_000;

/** A place besides the rows that holds something of users: removes what it holds of this one. Safe to repeat; rejects
 *  while the place is away. */
export type Place = (erasure: DueErasure) => Promise<void>;

export interface EraserDeps {
  readonly database: Database;
  readonly actors: ActorRuntime;
  /** Where else something of a user may be. */
  readonly places: readonly Place[];
  /** After so many seconds nobody can still be at work on a turn that was erased: a claim's lease. */
  readonly settleS: number;
  readonly hooks: Pick<Hooks, 'turnChanged' | 'turnCancelled'>;
  readonly log: Log;
}

export class Eraser {
  readonly #deps: EraserDeps;
  readonly #passes = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(deps: EraserDeps) {
    this.#deps = deps;
  }

  /** Erases the user: all rows are gone when it resolves, and nothing that runs can commit; the rest follows.
   *  @throws Unavailable */
  async begin(userId: string): Promise<Erasure> {
    const { database, hooks, log } = this.#deps;
    const { erasure, turnIds } = await beginErasure(database, newId(), userId);
    for (const turnId of turnIds) {
      hooks.turnCancelled(turnId);
      hooks.turnChanged(turnId);
    }
    log.info({ erasure_id: erasure.erasureId }, 'A user is being erased.');
    return erasure;
  }

  /** @throws Unavailable */
  find(erasureId: string): Promise<Erasure | null> {
    return findErasure(this.#deps.database, erasureId);
  }

  /** Makes the passes that are due, from now on. */
  start(): void {
    this.#timer ??= setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look());
    }, LOOK_MS);
  }

  /** Resolves when no pass is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#looking;
    await Promise.all(this.#passes);
  }

  async #look(): Promise<void> {
    try {
      for (const erasure of await dueErasures(this.#deps.database, PASS_LEASE_S, PAGE)) {
        // Passes may take long: one user's does not wait for another's.
        const pass = this.#pass(erasure).finally(() => this.#passes.delete(pass));
        this.#passes.add(pass);
      }
    } catch (error) {
      this.#deps.log.debug({ detail: (error as Error).message }, 'Erasures could not be looked for.');
    }
  }

  async #pass(erasure: DueErasure): Promise<void> {
    const { database, actors, places, settleS, log } = this.#deps;
    const { erasureId, userId } = erasure;
    try {
      await actors.call(userId, 'erase', {});
      for (const remove of places) await remove(erasure);
      if (erasure.passes + 1 < PASSES) return await erasurePassed(database, erasureId, settleS);
      await finishErasure(database, erasure);
      log.info({ erasure_id: erasureId }, 'A user was erased.');
    } catch (error) {
      log.warn({ erasure_id: erasureId, detail: (error as Error).message }, 'An erasure could not go on; it will.');
      // Where that fails too, its lease lapses.
      await postponeErasure(database, erasureId, RETRY_S).catch(() => {});
    }
  }
}
