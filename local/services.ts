// Starts the services that the settings do not name. They start in order and stop in reverse order.
import { type DaprAddress, type ServiceAddresses, DAPR_HTTP_PORT, type Config } from '../src/config/config.ts';
import type { Log } from '../src/telemetry/log.ts';
import { findDapr, startPlacement, startSidecar } from './dapr.ts';
import { lockDataFolder } from './data-folder.ts';
import { OFFLINE_MODEL, startOfflineModel } from './offline-model/server.ts';
import { ServiceError, type Service } from './service.ts';
import { startEmbeddedPostgres } from './postgres.ts';
import { startEmbeddedRedis } from './redis.ts';

const DAPR_APP_PORT = 3000;
const DEFAULT_MODEL = 'gpt-4o-mini';

/** Registers each started service, so that all are stopped in reverse order. */
export interface ServiceLifecycle {
  started(name: string, stop: () => Promise<void>): void;
  readonly stopping: boolean;
}

export interface StartOptions {
  readonly config: Config;
  readonly lifecycle: ServiceLifecycle;
  readonly log: Log;
  /** The PATH on which a daprd is searched if none was built. */
  readonly path: string;
  /** Prints a line to the user's terminal. */
  readonly say: (line: string) => void;
  /** Called if a service ends by itself. turnkeeper does not work without it. */
  readonly onEnd: (service: string) => void;
}

export interface StartedServices {
  readonly addresses: ServiceAddresses;
  /** Sets the address that the error of a second process on the same data folder shows. */
  readonly announce: (address: string) => void;
}

class ServiceStarter {
  readonly #options: StartOptions;
  #dataDir: { path: string; announce: (address: string) => void } | undefined;

  constructor(options: StartOptions) {
    this.#options = options;
  }

  /** The data folder. It is locked when the first service needs it. */
  get dataDir(): string {
    if (!this.#dataDir) {
      const folder = lockDataFolder(this.#options.config.DATA_DIR);
      this.#options.lifecycle.started('data folder', async () => folder.release());
      this.#dataDir = folder;
    }
    return this.#dataDir.path;
  }

  announce(address: string): void {
    this.#dataDir?.announce(address);
  }

  async start<S extends Service>(what: string, start: () => Promise<S>): Promise<S> {
    const { lifecycle, say, onEnd } = this.#options;
    say(`starting ${what} …`);
    const service = await start();
    lifecycle.started(service.name, () => service.stop());
    void service.exited.then(() => {
      if (!lifecycle.stopping) onEnd(service.name);
    });
    return service;
  }
}

async function startModel({ config, log }: StartOptions, starter: ServiceStarter): Promise<ServiceAddresses['model']> {
  const { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: apiKey, OPENAI_MODEL: model } = config;
  const callsModel = config.roles.includes('worker');
  if (!callsModel || baseUrl !== undefined || apiKey !== undefined)
    return { baseUrl, apiKey, name: model ?? DEFAULT_MODEL };
  log.warn({}, 'No model is configured: the offline model replies, which is not a language model.');
  const offline = await starter.start('the offline model', () => startOfflineModel({}));
  return { baseUrl: offline.baseUrl, apiKey: undefined, name: OFFLINE_MODEL };
}

/** The address of an external sidecar or of one that is started here. Undefined: the embedded runtime is used. */
async function startDapr(
  { config, path }: StartOptions,
  starter: ServiceStarter,
  databaseUrl: string,
  redisUrl: string,
): Promise<DaprAddress | undefined> {
  if (config.ACTOR_RUNTIME === 'embedded') return undefined;
  const lacksRoles = config.roles.length < 3;
  if (config.DAPR_HTTP_PORT !== undefined || lacksRoles) {
    return {
      httpPort: config.DAPR_HTTP_PORT ?? DAPR_HTTP_PORT,
      apiToken: config.DAPR_API_TOKEN,
      appPort: config.APP_PORT ?? DAPR_APP_PORT,
      appToken: config.APP_API_TOKEN,
    };
  }
  const binaries = findDapr(path);
  if (!binaries) {
    if (config.ACTOR_RUNTIME === 'auto') return undefined;
    throw new ServiceError(
      'ACTOR_RUNTIME=dapr needs a sidecar (DAPR_HTTP_PORT) or a daprd: run `npm run dapr:build` once, which needs Go',
    );
  }
  const { dataDir } = starter;
  const placement = await starter.start('Dapr placement', () => startPlacement(binaries, dataDir));
  return starter.start('daprd', () => startSidecar({ binaries, dataDir, databaseUrl, redisUrl }, placement.port));
}

/**
 * Starts the services that the settings do not name.
 * @throws ServiceError with advice; services that were started before the error are registered in `lifecycle`
 */
export async function startServices(options: StartOptions): Promise<StartedServices> {
  const { config, log, say } = options;
  const installer = { allowed: config.INSTALL_PARTS === 'yes', say };
  const starter = new ServiceStarter(options);
  const databaseUrl =
    config.DATABASE_URL ??
    (await starter.start('PostgreSQL', () => startEmbeddedPostgres({ dataDir: starter.dataDir, log, installer }))).url;
  const redisUrl =
    config.REDIS_URL ??
    (await starter.start('Redis', () => startEmbeddedRedis({ dataDir: starter.dataDir, log, installer }))).url;
  const model = await startModel(options, starter);
  const dapr = await startDapr(options, starter, databaseUrl, redisUrl);
  return { addresses: { databaseUrl, redisUrl, model, dapr }, announce: (address) => starter.announce(address) };
}
