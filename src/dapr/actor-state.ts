// Actors in daprd: their ids, and their state in Dapr's state store.
import { Unavailable } from '../domain/errors.ts';
import type { ActorState } from '../domain/memory.ts';
import { ACTOR_TYPE } from '../actors/user-session.ts';
import { isSuccess, SidecarClient, type SidecarAddress, type SidecarResponse } from './sidecar.ts';

/** Dapr has moved the actor to another host while its method runs here. */
const MOVED = /ERR_ACTOR_INSTANCE_MISSING/;
/** With these daprd has written nothing. */
const NOT_SENT = /ECONNREFUSED|ERR_ACTOR_INSTANCE_MISSING/;

/** Longer than two of the 5 s after which daprd gives up a connection of its store (components/actorstate.yaml). Until a
 *  state request ends, no other call of the user can run. */
const SILENCE_MS = 12_000;

/** A character that no user id contains. */
const MARK = '~';

/** The actor id of a user: the user id, with a prefix for `.` and `..`, which a URL path cannot contain. */
const actorIdOf = (userId: string): string => (/^\.\.?$/.test(userId) ? MARK + userId : userId);

/** The user id of an actor id. */
export const userOf = (actorId: string): string => (actorId.startsWith(MARK) ? actorId.slice(MARK.length) : actorId);

/** The path of a user's actor in daprd's API. */
export const actorPath = (userId: string): string =>
  `/v1.0/actors/${ACTOR_TYPE}/${encodeURIComponent(actorIdOf(userId))}`;

/** Actor state in Dapr's state store. Every call reads and writes through the sidecar without a cache, so that a failed
 *  write is reported to the caller. */
export class DaprState implements ActorState {
  readonly #client: SidecarClient;

  /** `silenceMs`: the time after which a request without an answer ends. */
  constructor(address: SidecarAddress, silenceMs = SILENCE_MS) {
    this.#client = new SidecarClient(address, silenceMs);
  }

  async get(userId: string, key: string): Promise<unknown> {
    const { text } = await this.#send('GET', `${actorPath(userId)}/state/${encodeURIComponent(key)}`);
    // Status 204: the key does not exist.
    return text === '' ? null : (JSON.parse(text) as unknown);
  }

  async set(userId: string, entries: Readonly<Record<string, object>>): Promise<void> {
    await this.#transact(
      userId,
      Object.entries(entries).map(([key, value]) => ({ operation: 'upsert', request: { key, value } })),
    );
  }

  async remove(userId: string, keys: readonly string[]): Promise<void> {
    await this.#transact(
      userId,
      keys.map((key) => ({ operation: 'delete', request: { key } })),
    );
  }

  async #transact(userId: string, operations: readonly object[]): Promise<void> {
    await this.#send('POST', `${actorPath(userId)}/state`, JSON.stringify(operations));
  }

  /** @throws Unavailable if daprd does not answer, or its store or the actor is unavailable; an Error if it refuses the
   *  request */
  async #send(method: 'GET' | 'POST', path: string, body?: string): Promise<SidecarResponse> {
    const unavailable = (detail: string, cause?: Error) =>
      new Unavailable('actors', { detail, cause, outcomeUnknown: method === 'POST' && !NOT_SENT.test(detail) });
    const response = await this.#client.send(method, path, body === undefined ? {} : { body }).catch((error: Error) => {
      throw unavailable(error.message, error);
    });
    if (isSuccess(response)) return response;
    const fault = `actor state: ${response.status} ${response.text}`;
    throw response.status >= 500 || MOVED.test(fault) ? unavailable(fault) : new Error(fault);
  }
}
