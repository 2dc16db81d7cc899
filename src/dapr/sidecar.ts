// The daprd next to this process, through the SDK's client.
import { CommunicationProtocolEnum, HTTPClient, LogLevel, type DaprClientOptions } from '@dapr/dapr';
import { ACTOR_TYPE } from '../actors/user-session.ts';
import { Unavailable } from '../domain/errors.ts';
import type { ActorState } from '../domain/memory.ts';

export interface SidecarAddress {
  /** HTTP port of daprd on loopback. */
  readonly httpPort: number;
  readonly apiToken: string | undefined;
}

/** No user id contains it. */
const MARK = '~';

/** The actor id of a user: the user id, except for `.` and `..`, which a URL path cannot carry. */
export const actorIdOf = (userId: string): string => (/^\.\.?$/.test(userId) ? MARK + userId : userId);

/** The user of an actor id. */
export const userOf = (actorId: string): string => (actorId.startsWith(MARK) ? actorId.slice(MARK.length) : actorId);

export const DAPR_HOST = '127.0.0.1';

/** Options of every SDK client: quiet, since its debug lines hold the token. */
export const clientOptions = ({ httpPort, apiToken }: SidecarAddress): DaprClientOptions => ({
  communicationProtocol: CommunicationProtocolEnum.HTTP,
  daprHost: DAPR_HOST,
  daprPort: String(httpPort),
  ...(apiToken === undefined ? {} : { daprApiToken: apiToken }),
  logger: { level: LogLevel.Error },
});

/** Actor state through the sidecar: read and written by each call, never kept, so that a failed write is seen. */
export class DaprState implements ActorState {
  readonly #client: HTTPClient;

  constructor(address: SidecarAddress) {
    this.#client = new HTTPClient(clientOptions(address));
    // Calls come from daprd, so it is up: waiting for it again would hold the actor's turn.
    this.#client.setIsInitialized(true);
  }

  async get(userId: string, key: string): Promise<unknown> {
    const value: unknown = await this.#execute(`${this.#path(userId)}/${encodeURIComponent(key)}`);
    // 204, as an empty text: no such key.
    return value === '' ? null : value;
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
    await this.#execute(this.#path(userId), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: operations,
    });
  }

  /** The SDK passes on the transport's error, which has a code when the connection failed. */
  async #execute(...call: Parameters<HTTPClient['execute']>): Promise<unknown> {
    try {
      return await this.#client.execute(...call);
    } catch (error) {
      if (typeof (error as { code?: unknown }).code !== 'string') throw error;
      throw new Unavailable('actors', { detail: (error as Error).message, cause: error });
    }
  }

  #path(userId: string): string {
    return `/actors/${ACTOR_TYPE}/${encodeURIComponent(actorIdOf(userId))}/state`;
  }
}
