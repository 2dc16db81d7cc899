// What `npm start` brings along where the settings name nothing: started in order, stopped in reverse.
import type { DaprAddress, Parts } from '../compose.ts';
import { DAPR_HTTP_PORT, type Config } from '../config.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Log } from '../log.ts';
import { findDapr, startPlacement, startSidecar } from './dapr.ts';
import { lockDataFolder } from './data-folder.ts';
import { OFFLINE_MODEL, startOfflineModel } from './offline-model/server.ts';
import { PartError, type Part } from './part.ts';
import { startEmbeddedPostgres } from './postgres.ts';
import { startEmbeddedRedis } from './redis.ts';

const DAPR_APP_PORT = 3000;
const DEFAULT_MODEL = 'gpt-4o-mini';

export interface BringOptions {
  readonly config: Config;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
  /** Where to look for a daprd that was not built here. */
  readonly path: string;
  /** A line for the people who started us. */
  readonly say: (line: string) => void;
  /** Called when a part ends by itself: nothing works without it. */
  readonly onEnd: (part: string) => void;
}

export interface Brought {
  readonly parts: Parts;
  /** Tells whoever starts a second process on the same folder where this one is. */
  readonly announce: (address: string) => void;
}

class Bringer {
  readonly #options: BringOptions;
  #dataDir: { path: string; announce: (address: string) => void } | undefined;

  constructor(options: BringOptions) {
    this.#options = options;
  }

  /** The data folder, locked when the first part needs it. */
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

  async bring<P extends Part>(what: string, start: () => Promise<P>): Promise<P> {
    const { lifecycle, say, onEnd } = this.#options;
    say(`starting ${what} …`);
    const part = await start();
    lifecycle.started(part.name, () => part.stop());
    void part.exited.then(() => {
      if (!lifecycle.stopping) onEnd(part.name);
    });
    return part;
  }
}

async function bringModel({ config, log }: BringOptions, bringer: Bringer): Promise<Parts['model']> {
  const { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: apiKey, OPENAI_MODEL: model } = config;
  const answers = config.roles.includes('worker');
  if (!answers || baseUrl !== undefined || apiKey !== undefined)
    return { baseUrl, apiKey, name: model ?? DEFAULT_MODEL };
  log.warn({}, 'No model is set: the offline model answers, which is not a language model.');
  const offline = await bringer.bring('the offline model', () => startOfflineModel({}));
  return { baseUrl: offline.baseUrl, apiKey: undefined, name: OFFLINE_MODEL };
}

/** A sidecar that somebody runs for us, or one that we bring; undefined: the embedded runtime. */
async function bringDapr(
  { config, path }: BringOptions,
  bringer: Bringer,
  databaseUrl: string,
  redisUrl: string,
): Promise<DaprAddress | undefined> {
  if (config.ACTOR_RUNTIME === 'embedded') return undefined;
  const alone = config.roles.length < 3;
  if (config.DAPR_HTTP_PORT !== undefined || alone) {
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
    throw new PartError(
      'ACTOR_RUNTIME=dapr: there is no sidecar (DAPR_HTTP_PORT) and no daprd: run `npm run dapr:build` once, which needs Go',
    );
  }
  const { dataDir } = bringer;
  const placement = await bringer.bring('Dapr placement', () => startPlacement(binaries, dataDir));
  return bringer.bring('daprd', () => startSidecar({ binaries, dataDir, databaseUrl, redisUrl }, placement.port));
}

/** Starts what the settings do not name. @throws PartError with what to do; what was started until then is in `lifecycle` */
export async function bringParts(options: BringOptions): Promise<Brought> {
  const { config, log } = options;
  const bringer = new Bringer(options);
  const databaseUrl =
    config.DATABASE_URL ??
    (await bringer.bring('PostgreSQL', () => startEmbeddedPostgres({ dataDir: bringer.dataDir, log }))).url;
  const redisUrl =
    config.REDIS_URL ?? (await bringer.bring('Redis', () => startEmbeddedRedis({ dataDir: bringer.dataDir, log }))).url;
  const model = await bringModel(options, bringer);
  const dapr = await bringDapr(options, bringer, databaseUrl, redisUrl);
  return { parts: { databaseUrl, redisUrl, model, dapr }, announce: (address) => bringer.announce(address) };
}
