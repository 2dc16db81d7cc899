// The limit of turns a minute for one user (RATE_LIMIT_PER_USER): at most so many in any 60 s. A turn takes a place before
// it is accepted. No I/O.
import type { AcceptOutcome } from './accept.ts';

export const RATE_WINDOW_MS = 60_000;

/** The answer to a request for a place. `shared`: the id has a place already. `full`: there is none for so many seconds. */
export type RatePlace =
  { readonly outcome: 'taken' | 'shared' } | { readonly outcome: 'full'; readonly retryAfterS: number };

/** The places of all users. */
export interface TurnRate {
  /** Takes a place for the id. Never rejects. */
  take(userId: string, id: string): Promise<RatePlace>;
  /** Gives the place back that the id has taken and not used. Never rejects. */
  giveBack(userId: string, id: string): Promise<void>;
}

/** The answer if the next place becomes free in this time. */
export const fullFor = (ms: number): RatePlace => ({ outcome: 'full', retryAfterS: Math.max(1, Math.ceil(ms / 1000)) });

/** Whether the place counts a turn after this outcome. A repeated request finds the turn that the place was taken for,
 *  unless the turn is older than the places. */
export function usesPlace(outcome: AcceptOutcome, now: number): boolean {
  if (outcome.outcome === 'repeated') return outcome.turn.createdAt.getTime() > now - RATE_WINDOW_MS;
  return outcome.outcome === 'accepted';
}

/** The places that users took in one process. Times are in milliseconds and never decrease. */
export class LocalPlaces {
  /** By user, each with the ids and times of its places, oldest first. The user who took the newest place is the last one. */
  readonly #byUser = new Map<string, Map<string, number>>();

  take(userId: string, id: string, limit: number, now: number): RatePlace {
    const places = [...(this.#byUser.get(userId) ?? [])].filter(([, at]) => at > now - RATE_WINDOW_MS);
    if (places.some(([each]) => each === id)) return { outcome: 'shared' };
    if (places.length >= limit) return fullFor(places[places.length - limit]![1] + RATE_WINDOW_MS - now);
    this.add(userId, id, now);
    return { outcome: 'taken' };
  }

  /** Adds a place that the user took. Forgets places that no longer count. */
  add(userId: string, id: string, now: number): void {
    const isOld = (at: number | undefined) => at === undefined || at <= now - RATE_WINDOW_MS;
    for (const [each, places] of this.#byUser) {
      if (!isOld([...places.values()].at(-1))) break;
      this.#byUser.delete(each);
    }
    const places = this.#byUser.get(userId) ?? new Map<string, number>();
    for (const [each, at] of places) if (isOld(at)) places.delete(each);
    this.#byUser.delete(userId);
    this.#byUser.set(userId, places.set(id, now));
  }

  remove(userId: string, id: string): void {
    this.#byUser.get(userId)?.delete(id);
  }
}
