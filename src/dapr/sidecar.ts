// The daprd sidecar of this process: its address, the options of SDK clients, and actor state stored through it.
import { CommunicationProtocolEnum, HTTPClient, LogLevel, type DaprClientOptions } from '@dapr/dapr';
import { ACTOR_TYPE } from '../actors/user-session.ts';
import { Unavailable } from '../domain/errors.ts';
import type { ActorState } from '../domain/memory.ts';

export interface SidecarAddress {
  /** HTTP port of daprd on loopback. */
  readonly httpPort: number;
  readonly apiToken: string | undefined;
}

/** A character that no user id contains. */
const MARK = '~';

/** The actor id of a user: the user id, with a prefix for `.` and `..`, which a URL path cannot contain. */
export const actorIdOf = (userId: string): string => (/^\.\.?$/.test(userId) ? MARK + userId : userId);

/** The user id of an actor id. */
export const userOf = (actorId: string): string => (actorId.startsWith(MARK) ? actorId.slice(MARK.length) : actorId);

export const DAPR_HOST = '127.0.0.1';

/** Options of every SDK client. The log level excludes debug lines, because they contain the token. */
export const clientOptions = ({ httpPort, apiToken }: SidecarAddress): DaprClientOptions => ({
  communicationProtocol: CommunicationProtocolEnum.HTTP,
  daprHost: DAPR_HOST,
  daprPort: String(httpPort),
  ...(apiToken === undefined ? {} : { daprApiToken: apiToken }),
  logger: { level: LogLevel.Error },
});

/** Actor state in Dapr's state store. Every call reads and writes through the sidecar without a cache, so that a failed
 *  write is reported to the caller. */
export class DaprState implements ActorState {
  readonly #client: HTTPClient;

  constructor(address: SidecarAddress) {
    this.#client = new HTTPClient(clientOptions(address));
    // The calls that use this state come from daprd, so daprd is ready. Waiting for it would delay the actor call.
    this.#client.setIsInitialized(true);
  }

  async get(userId: string, key: string): Promise<unknown> {
    const value: unknown = await this.#execute(`${this.#path(userId)}/${encodeURIComponent(key)}`);
    // An empty string stands for status 204: the key does not exist.
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

  /** The SDK passes on the transport's error. It has a code if the connection failed. @throws Unavailable */
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
