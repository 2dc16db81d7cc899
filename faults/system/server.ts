// PostgreSQL and Redis of a campaign, which may be killed, frozen and started again on the same port and data.
import { rmSync } from 'node:fs';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../local/postgres.ts';
import { startEmbeddedRedis } from '../../local/redis.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { treeOf } from '../../bench/systems/usage.ts';

const log = createLog('error');

interface Started {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}
type Start = (port?: number) => Promise<Started>;

export class Server {
  readonly #start: Start;
  #started: Started;
  #hasEnded = false;

  private constructor(start: Start, started: Started) {
    this.#start = start;
    this.#started = started;
    this.#watch();
  }

  #watch(): void {
    this.#hasEnded = false;
    const { exited } = this.#started;
    void exited.then(() => (this.#hasEnded ||= exited === this.#started.exited));
  }

  static async start(start: Start): Promise<Server> {
    return new Server(start, await start());
  }

  /** Without a proxy. It contains the password. */
  get url(): string {
    return this.#started.url;
  }

  get port(): number {
    return this.#started.port;
  }

  get pid(): number {
    return this.#started.pid;
  }

  /** Sends a signal to the server and to all its processes, so that SIGSTOP freezes open connections too. */
  signalAll(signal: NodeJS.Signals): void {
    for (const pid of treeOf([this.pid])) signalTo(pid, signal);
  }

  /** Ends it at once and starts it again. SIGQUIT is PostgreSQL's immediate shutdown. */
  async restart(signal: 'SIGKILL' | 'SIGQUIT', downMs = 0): Promise<void> {
    signalTo(this.pid, signal);
    await this.#started.exited;
    await new Promise((resolve) => setTimeout(resolve, downMs));
    await this.startIfEnded();
  }

  /** Starts it again if it has ended by itself, as it may on a full disk. */
  async startIfEnded(): Promise<void> {
    if (!this.#hasEnded) return;
    this.#started = await this.#start(this.port);
    this.#watch();
  }

  async stop(): Promise<void> {
    this.signalAll('SIGCONT');
    await this.#started.stop();
  }
}

/** Sends a signal. Ignores a process that has ended. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Starts PostgreSQL, which flushes its commits to disk. `stopped` removes its data. */
export async function startPostgres(dataDir: string): Promise<{ server: Server; removeData: () => void }> {
  let folder = '';
  const server = await Server.start(async (port) => {
    const started: EmbeddedPostgres = await startEmbeddedPostgres({
      dataDir,
      log,
      installer: { allowed: true, say: console.error },
      ...(port === undefined ? {} : { port }),
    });
    folder = started.folder;
    return started;
  });
  return { server, removeData: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

export const startRedis = (dataDir: string): Promise<Server> =>
  Server.start((port) =>
    startEmbeddedRedis({
      dataDir,
      log,
      installer: { allowed: true, say: console.error },
      ...(port === undefined ? {} : { port }),
    }),
  );
