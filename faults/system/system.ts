// What a campaign attacks: turnkeeper as separate processes, its services, and the proxies between them.
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownEnvironment } from '../../bench/systems/processes.ts';
import type { AnyDaemon } from './daemon.ts';
import { FakeClock } from './fake-clock.ts';
import { Model, MODEL_NAME } from './model.ts';
import { Link } from './proxy.ts';
import { Receiver } from './receiver.ts';
import { RoleProcess } from './role-process.ts';
import { mountSmallDisk, unmount } from './small-disk.ts';
import { startPostgres, startRedis, type Server } from './server.ts';

export type Runtime = 'embedded' | 'dapr';
export type Role = 'http' | 'worker' | 'actors';
/** What only some kinds of faults need, because it costs memory or time. */
export type Need = 'small disk' | 'fake clock';

/** A process that faults may strike. */
export interface Target {
  readonly name: string;
  /** The name of its links: a child of an instance shares those of the instance. */
  readonly linkName: string;
  kill(): void;
  /** After `kill`. A child of an instance is started again by its parent. */
  restart(): void;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

export interface System {
  readonly runtime: Runtime;
  /** Where clients connect. */
  readonly urls: readonly string[];
  readonly base: Base;
  readonly processes: readonly RoleProcess[];
  /** The processes that now have the role. */
  readonly targets: (role: Role) => Target[];
  /** Finds out which processes the open model calls belong to, where several processes share a link. */
  readonly nameCalls: () => void;
  readonly daprds: readonly AnyDaemon[];
  readonly placement: AnyDaemon | null;
}

/** Seconds after which a claim that was not renewed is taken over. */
export const LEASE_S = 5;
/** Longer than a slow call and a freeze together: a frozen worker that wakes up still has its reply, and may try to commit
 *  it. */
export const MODEL_TIMEOUT_S = 15;
const READY_MS = 60_000;

export interface BaseOptions {
  /** The checkout that is tested. */
  readonly root: string;
  /** Exists. */
  readonly folder: string;
  readonly needs: ReadonlySet<Need>;
  /** Replace settings of all processes. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What both topologies need: services, model, receiver and links. */
export class Base {
  readonly folder: string;
  readonly root: string;
  readonly postgres: Server;
  readonly redis: Server;
  readonly model: Model;
  readonly receiver: Receiver;
  readonly links: Link[];
  readonly #hasFakeClocks: boolean;
  readonly #settings: Readonly<Record<string, string>>;
  /** The clocks of the processes, if they can be changed. */
  readonly clocks = new Map<string, FakeClock>();
  readonly stops: (() => unknown)[];
  readonly logFolder: string;

  private constructor(
    parts: Pick<
      Base,
      'folder' | 'root' | 'postgres' | 'redis' | 'model' | 'receiver' | 'links' | 'stops' | 'logFolder'
    > & { readonly hasFakeClocks: boolean; readonly settings: Readonly<Record<string, string>> },
  ) {
    this.folder = parts.folder;
    this.root = parts.root;
    this.postgres = parts.postgres;
    this.redis = parts.redis;
    this.model = parts.model;
    this.receiver = parts.receiver;
    this.links = parts.links;
    this.#hasFakeClocks = parts.hasFakeClocks;
    this.#settings = parts.settings;
    this.stops = parts.stops;
    this.logFolder = parts.logFolder;
  }

  /** The data of the services. */
  get dataDir(): string {
    return join(this.folder, 'data');
  }

  /** Starts the services. Their data is removed at the end. */
  static async start({ root, folder, needs, settings = {} }: BaseOptions): Promise<Base> {
    const [logFolder, dataDir] = [join(folder, 'logs'), join(folder, 'data')];
    for (const each of [logFolder, dataDir]) mkdirSync(each, { recursive: true });
    for (const each of [folder, dataDir]) chmodSync(each, 0o711); // if this process is root, PostgreSQL runs as another user
    const stops: (() => unknown)[] = [() => rmSync(dataDir, { recursive: true, force: true })];
    if (needs.has('small disk')) {
      mountSmallDisk(dataDir);
      stops.push(() => unmount(dataDir));
    }
    const links: Link[] = [];
    const { server: postgres, removeData } = await startPostgres(dataDir);
    stops.push(removeData, () => postgres.stop());
    const redis = await startRedis(dataDir);
    stops.push(() => redis.stop());
    const model = await Model.start((port) => {
      const ofModel = links.filter(({ to }) => to === 'model');
      return ofModel.find((link) => link.clientPortOf(port) !== null)?.from ?? 'unknown';
    });
    stops.push(() => model.stop());
    const receiver = await Receiver.start();
    stops.push(() => receiver.stop());
    const hasFakeClocks = needs.has('fake clock');
    return new Base({
      folder,
      root,
      postgres,
      redis,
      model,
      receiver,
      links,
      stops,
      logFolder,
      hasFakeClocks,
      settings,
    });
  }

  /** Opens a proxy and returns its port. */
  async link(from: string, to: string, targetPort: number): Promise<number> {
    const link = await Link.open({ from, to, targetPort });
    this.links.push(link);
    this.stops.push(() => link.close());
    return link.port;
  }

  /** The links of one process, to one service, or both. */
  linksOf({ from, to }: { readonly from?: string; readonly to?: string }): Link[] {
    return this.links.filter((link) => (from ?? link.from) === link.from && (to ?? link.to) === link.to);
  }

  #clockOf(name: string): Record<string, string> {
    if (!this.#hasFakeClocks) return {};
    const clock = new FakeClock(join(this.folder, `clock-${name}`));
    this.clocks.set(name, clock);
    return clock.environment;
  }

  /** The addresses of PostgreSQL and Redis over links of this process. */
  async storesOf(name: string): Promise<{ databaseUrl: string; redisUrl: string }> {
    const through = async (url: string, to: string, port: number) => {
      const address = new URL(url);
      address.port = String(await this.link(name, to, port));
      return address.href;
    };
    const { postgres, redis } = this;
    return {
      databaseUrl: await through(postgres.url, 'postgres', postgres.port),
      redisUrl: await through(redis.url, 'redis', redis.port),
    };
  }

  /** Creates a process of turnkeeper and its links. `env` is added to its settings. */
  async process(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<RoleProcess> {
    const { databaseUrl, redisUrl } = await this.storesOf(name);
    const settings = {
      ...ownEnvironment(),
      LOG_LEVEL: 'warn',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      OPENAI_BASE_URL: `http://127.0.0.1:${await this.link(name, 'model', this.model.port)}/v1`,
      OPENAI_MODEL: MODEL_NAME,
      MODEL_TIMEOUT_S: String(MODEL_TIMEOUT_S),
      LEASE_S: String(LEASE_S),
      MEMORY_DEBOUNCE_MS: '500',
      WEBHOOK_ALLOW_PRIVATE: 'yes',
      RATE_LIMIT_PER_USER: '0',
      REVIEW_KEYWORDS: 'urgent',
      ...this.#clockOf(name),
      ...env,
      ...this.#settings,
    };
    const started = new RoleProcess({ name, root: this.root, args, env: settings, logFolder: this.logFolder });
    this.stops.push(() => started.stop());
    return started;
  }

  /** Stops everything in reverse order and removes the data of the services. */
  async stop(): Promise<void> {
    for (let next = this.stops.pop(); next; next = this.stops.pop()) await next();
  }
}

/** A target that is a process of its own. */
export const targetOf = (process: RoleProcess): Target => ({
  name: process.name,
  linkName: process.name,
  kill: () => process.kill(),
  restart: () => process.start(),
  signal: (signal) => process.signal(signal),
});

/** Waits until the processes have logged that they are ready. @throws if that takes too long */
export async function untilReady(processes: readonly RoleProcess[]): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!processes.every(({ isReady }) => isReady)) {
    if (Date.now() > deadline) throw new Error(`not ready: ${processes.map(({ name }) => name).join(', ')}`);
    await sleep(50);
  }
}
