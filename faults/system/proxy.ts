// A TCP proxy between one process and one service. Faults of the network are injected here.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ClientFrames, isReady } from './postgres-frames.ts';
import { OPEN, Pipe, type Flow } from './pipe.ts';

/** A dropped answer that never completes is given up after this time. */
const ANSWER_MS = 2_000;
const LOST: Flow = { kind: 'lost' };

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly up: Pipe;
  readonly down: Pipe;
  /** The connection is half-open: the client is not told that the other side is gone. */
  isLost: boolean;
}

export interface LinkOptions {
  /** The process that connects: `worker-1`. */
  readonly from: string;
  /** The service: `postgres`. */
  readonly to: string;
  readonly targetPort: number;
}

export class Link {
  readonly from: string;
  readonly to: string;
  readonly #options: LinkOptions;
  readonly #connections = new Set<Connection>();
  readonly #server: Server;
  #up: Flow = OPEN;
  #down: Flow = OPEN;
  #isCut = false;
  #answersToDrop = 0;
  /** Names of the statements whose answers were dropped. */
  readonly dropped: string[] = [];

  private constructor(options: LinkOptions) {
    this.#options = options;
    [this.from, this.to] = [options.from, options.to];
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(options: LinkOptions): Promise<Link> {
    const link = new Link(options);
    await new Promise<void>((resolve) => link.#server.listen(0, '127.0.0.1', 1024, resolve));
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** The client's port of the connection that has this port at the service's side; null: there is none. */
  clientPortOf(port: number): number | null {
    for (const { upstream, client } of this.#connections)
      if (upstream.localPort === port) return client.remotePort ?? null;
    return null;
  }

  /** Ends all connections with a reset. Until `heal`, new ones are reset too. */
  cut(): void {
    this.#isCut = true;
    this.reset();
  }

  /** Ends all connections with a reset, once. */
  reset(): void {
    for (const connection of this.#connections) endBoth(connection);
  }

  /** Changes how bytes pass, of open connections too. `up`: towards the service. */
  shape(flows: { readonly up?: Flow; readonly down?: Flow }): void {
    if (flows.up) this.#up = flows.up;
    if (flows.down) this.#down = flows.down;
  }

  /** Makes up to `count` connections half-open, now and for good: the service is gone, and the client is not told.
   *  Returns how many. */
  halfOpen(count: number): number {
    const chosen = [...this.#connections].filter(({ isLost }) => !isLost).slice(0, count);
    for (const connection of chosen) {
      connection.isLost = true;
      connection.upstream.destroy();
    }
    return chosen.length;
  }

  /** Drops the answers to the next `count` statements that commit a change: the service has executed them, and the
   *  client sees a broken connection. */
  dropAnswers(count: number): void {
    this.#answersToDrop = count;
  }

  /** Ends the faults. Held bytes pass. Half-open connections stay so. */
  heal(): void {
    this.#isCut = false;
    [this.#up, this.#down] = [OPEN, OPEN];
    this.#answersToDrop = 0;
    for (const { up, down } of this.#connections) {
      up.move();
      down.move();
    }
  }

  async close(): Promise<void> {
    this.heal();
    for (const { client, upstream } of this.#connections) for (const each of [client, upstream]) each.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    client.on('error', () => {});
    if (this.#isCut) return void client.resetAndDestroy();
    client.setNoDelay(true);
    const upstream = connect({ port: this.#options.targetPort, host: '127.0.0.1', noDelay: true });
    upstream.on('error', () => {
      if (!connection.isLost) client.resetAndDestroy();
    });
    const frames = this.to === 'postgres' ? new ClientFrames() : null;
    if (frames) this.#watch(client, upstream, frames);
    const connection: Connection = {
      client,
      upstream,
      up: new Pipe(client, upstream, () => (connection.isLost ? LOST : this.#up)),
      down: new Pipe(upstream, client, () => (connection.isLost ? LOST : this.#down)),
      isLost: false,
    };
    this.#connections.add(connection);
    const forget = () => {
      if (client.destroyed && upstream.destroyed) this.#connections.delete(connection);
    };
    client.once('close', forget);
    upstream.once('close', forget);
  }

  #watch(client: Socket, upstream: Socket, frames: ClientFrames): void {
    client.on('data', (bytes: Buffer) => {
      const statement = frames.feed(bytes);
      if (statement === null || this.#answersToDrop === 0) return;
      this.#answersToDrop -= 1;
      this.dropped.push(statement);
      // Only this listener receives the answer.
      upstream.removeAllListeners('data');
      const end = () => {
        client.resetAndDestroy();
        upstream.destroy();
      };
      const timer = setTimeout(end, ANSWER_MS);
      upstream.on('data', (answer: Buffer) => {
        if (!isReady(answer)) return;
        clearTimeout(timer);
        end();
      });
    });
  }
}

function endBoth({ client, upstream }: Connection): void {
  client.resetAndDestroy();
  upstream.resetAndDestroy();
}
