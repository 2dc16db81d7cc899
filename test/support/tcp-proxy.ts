// A TCP proxy in front of PostgreSQL, Redis or any other server. A test cuts connections, lets them die silently, or
// loses the answer of one request.
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Owner } from './owner.ts';

/** `up`: from the client to the server; `down`: from the server to the client. */
export type Direction = 'up' | 'down';
const BOTH: readonly Direction[] = ['up', 'down'];

type OnUp = (data: Buffer, connection: ProxiedConnection) => void;

/** One client's connection through the proxy. */
export class ProxiedConnection {
  /** The first connection is number 1. */
  readonly number: number;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #lost = new Set<Direction>();
  readonly #onUp: OnUp;
  #lastUpAt = -Infinity;

  constructor(number: number, client: Socket, server: Socket, onUp: OnUp) {
    this.number = number;
    this.#client = client;
    this.#server = server;
    this.#onUp = onUp;
    client.on('data', (data: Buffer) => this.#pass('up', data, server));
    server.on('data', (data: Buffer) => this.#pass('down', data, client));
    for (const socket of [client, server]) {
      socket.on('error', () => {});
      // The end of one side reaches the other side only if it could be sent.
      socket.on('close', () => this.#lost.size === 0 && this.cut());
    }
  }

  #pass(direction: Direction, data: Buffer, to: Socket): void {
    if (direction === 'up') {
      this.#lastUpAt = performance.now();
      this.#onUp(data, this);
    }
    if (!this.#lost.has(direction)) to.write(data);
  }

  /** Milliseconds since the client sent something. */
  get silentMs(): number {
    return performance.now() - this.#lastUpAt;
  }

  get isOpen(): boolean {
    return !this.#client.destroyed;
  }

  /** From now on what is sent is accepted and lost, and the connection stays open: it is half-open. */
  lose(directions: readonly Direction[] = BOTH): void {
    for (const direction of directions) this.#lost.add(direction);
  }

  /** Closes both sides. */
  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }
}

export interface TcpProxy {
  readonly port: number;
  /** The URL of the server with the address of the proxy. */
  readonly url: string;
  /** Open connections, oldest first. */
  connections(): ProxiedConnection[];
  /** `accept`: as usual; `hang`: new connections open and nothing passes; `refuse`: they are closed at once. */
  newConnections(mode: 'accept' | 'hang' | 'refuse'): void;
  /** Waits for a connection on which requests with these texts are sent, one after the other. The answer to the last one
   *  is lost, and the connection is cut or half-open from then on. Resolves when the last request has been forwarded. */
  loseAnswerTo(texts: readonly string[], then?: 'cut' | 'half-open'): Promise<ProxiedConnection>;
}

/** Time for the server to process a request whose answer is lost. */
const PROCESSED_MS = 300;

/** Starts a proxy in front of the server at `target`. It is stopped when the test ends. */
export async function startTcpProxy(t: Owner, target: string): Promise<TcpProxy> {
  const address = new URL(target);
  const all: ProxiedConnection[] = [];
  let mode: 'accept' | 'hang' | 'refuse' = 'accept';
  let opened = 0;
  let lossy: OnUp | null = null;
  const server = createServer((client) => {
    if (mode === 'refuse') return client.destroy();
    const upstream = createConnection({ host: address.hostname, port: Number(address.port) });
    const connection = new ProxiedConnection((opened += 1), client, upstream, (data, from) => lossy?.(data, from));
    if (mode === 'hang') connection.lose();
    all.push(connection);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const connection of all) connection.cut();
  });
  const { port } = server.address() as AddressInfo;
  const proxied = new URL(target);
  proxied.host = `127.0.0.1:${port}`;
  return {
    port,
    url: proxied.href,
    connections: () => all.filter(({ isOpen }) => isOpen),
    newConnections: (next) => void (mode = next),
    loseAnswerTo: (texts, then = 'cut') =>
      new Promise((resolve) => {
        const seen = new Map<ProxiedConnection, number>();
        lossy = (data, connection) => {
          const next = seen.get(connection) ?? 0;
          if (!data.includes(texts[next]!)) return;
          seen.set(connection, next + 1);
          if (next + 1 < texts.length) return;
          lossy = null;
          connection.lose(['down']);
          if (then === 'cut') setTimeout(() => connection.cut(), PROCESSED_MS);
          resolve(connection);
        };
      }),
  };
}
