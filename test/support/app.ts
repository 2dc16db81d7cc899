// Starts turnkeeper in the test's process, on its own database and Redis, with a scripted model.
import { compose, type ComposeOptions } from '../../src/composition/compose.ts';
import { type ServiceAddresses, readConfig } from '../../src/config/config.ts';
import { startPlacement, startSidecar, type Placement, type Sidecar } from '../../local/dapr.ts';
import { Lifecycle } from '../../src/composition/lifecycle.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryFolder } from './folder.ts';
import { SCRIPTED_MODEL, startScriptedModel, type ScriptedModel } from './model.ts';
import type { Owner } from './owner.ts';
import { freshDatabase, redisUrl } from './services.ts';

export type RuntimeName = 'embedded' | 'dapr';

const daprd = process.env['TURNKEEPER_TEST_DAPRD'];
const placement = process.env['TURNKEEPER_TEST_PLACEMENT'];

/** Paths of daprd and placement. Null: Dapr tests are reported as skipped. */
export const daprBinaries = daprd && placement ? { daprd, placement } : null;

export const RUNTIMES: readonly RuntimeName[] = ['embedded', 'dapr'];
export const isAvailable = (runtime: RuntimeName): boolean => runtime === 'embedded' || daprBinaries !== null;

export interface AppOptions {
  readonly runtime?: RuntimeName;
  readonly settings?: Readonly<Record<string, string>>;
  readonly model?: ScriptedModel;
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  readonly roles?: string;
  /** The Redis of Dapr pub/sub. Default: `redisUrl`. */
  readonly brokerUrl?: string;
  /** Join this placement instead of starting one. */
  readonly placement?: Placement;
  /** Resolves the host names of webhook URLs. */
  readonly resolveNames?: ComposeOptions['resolveNames'];
}

export interface TestApp {
  readonly url: string;
  /** Null: METRICS_PORT was not set. */
  readonly metricsUrl: string | null;
  readonly model: ScriptedModel;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly sidecar: Sidecar | null;
  /** Starts another daprd with the same ports and tokens. Call it after `sidecar.kill`. */
  restartSidecar(): Promise<void>;
  readonly placement: Placement | null;
  /** Reasons passed to `onFatal`. */
  readonly fatal: readonly string[];
  stop(): Promise<void>;
}

/** Starts the app. It is stopped when the test ends. */
export async function startApp(t: Owner, options: AppOptions = {}): Promise<TestApp> {
  const model = options.model ?? (await startScriptedModel(t));
  const databaseUrl = options.databaseUrl ?? (await freshDatabase(t)).url;
  const redis = options.redisUrl ?? (await redisUrl(t));
  const dapr = options.runtime === 'dapr' ? await startDapr(t, databaseUrl, redis, options) : null;
  const config = readConfig(['--migrate', ...(options.roles ? ['--roles', options.roles] : [])], {
    PORT: '0',
    LOG_LEVEL: 'silent',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis,
    ACTOR_RUNTIME: options.runtime ?? 'embedded',
    OPENAI_BASE_URL: model.baseUrl,
    OPENAI_MODEL: SCRIPTED_MODEL,
    MEMORY_DEBOUNCE_MS: '50',
    ...options.settings,
  });
  const log = createLog(config.LOG_LEVEL);
  const lifecycle = new Lifecycle(log);
  const addresses: ServiceAddresses = {
    databaseUrl,
    redisUrl: redis,
    model: { baseUrl: model.baseUrl, apiKey: undefined, name: SCRIPTED_MODEL },
    dapr: dapr?.sidecar,
  };
  const fatal: string[] = [];
  t.teardown(() => lifecycle.stop());
  const app = await compose({
    config,
    addresses,
    lifecycle,
    log,
    onFatal: (reason) => fatal.push(reason),
    resolveNames: options.resolveNames,
  });
  return {
    url: app.url ?? '',
    metricsUrl: app.metricsUrl,
    model,
    databaseUrl,
    redisUrl: redis,
    sidecar: dapr?.sidecar ?? null,
    restartSidecar: async () => dapr?.restart(),
    placement: dapr?.placement ?? null,
    fatal,
    stop: () => lifecycle.stop(),
  };
}

async function startDapr(t: Owner, databaseUrl: string, redis: string, options: AppOptions) {
  const { placement: existing, roles, brokerUrl } = options;
  if (!daprBinaries) throw new Error('this run has no daprd');
  const dataDir = temporaryFolder(t);
  const placement = existing ?? (await startPlacement(daprBinaries, dataDir));
  if (!existing) t.teardown(() => placement.stop());
  // daprd waits for the actor host if it is configured with an address of the app.
  const role = roles === 'http' || roles === 'worker' ? roles : 'actors';
  const settings = { binaries: daprBinaries, dataDir, databaseUrl, redisUrl: brokerUrl ?? redis, role } as const;
  const start = async (insteadOf?: Sidecar) => {
    const started = await startSidecar({ ...settings, ...(insteadOf && { insteadOf }) }, placement.port);
    t.teardown(() => started.stop());
    return started;
  };
  const sidecar = await start();
  return { placement, sidecar, restart: async () => void (await start(sidecar)) };
}
