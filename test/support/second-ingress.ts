// Starts a second ingress on the same database and Redis, with its own connections, like a second process.
// The embedded runtime allows one process with actors, so this ingress has none. Reading turns does not need actors.
import { Reachability } from '../../src/actors/reachability.ts';
import { readConfig } from '../../src/config/config.ts';
import { startAssistants } from '../../src/composition/use-cases.ts';
import { startFoundation } from '../../src/composition/foundation.ts';
import { startHttpRole } from '../../src/composition/http-role.ts';
import { Lifecycle } from '../../src/composition/lifecycle.ts';
import { healthOf } from '../../src/telemetry/health.ts';
import { createLog } from '../../src/telemetry/log.ts';
import type { Owner } from './owner.ts';

const noActors = {
  name: 'embedded' as const,
  reachability: new Reachability(),
  start: async () => {},
  stop: async () => {},
  call: () => Promise.reject(new Error('this ingress has no actors')),
};

export interface SecondIngress {
  readonly url: string;
  /** Stops it in order, like a process that is replaced. */
  stop(): Promise<void>;
}

/** Starts the ingress. It is stopped when the test ends. */
export async function startSecondIngress(
  t: Owner,
  { databaseUrl, redisUrl }: { readonly databaseUrl: string; readonly redisUrl: string },
  env: Readonly<Record<string, string>> = {},
): Promise<SecondIngress> {
  const log = createLog('silent');
  const lifecycle = new Lifecycle(log);
  t.teardown(() => lifecycle.stop());
  const settings = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, PORT: '0', WEBHOOK_ALLOW_PRIVATE: 'yes', ...env };
  const model = { baseUrl: undefined, apiKey: undefined, name: 'turnkeeper' };
  const foundation = await startFoundation({
    config: readConfig([], settings),
    addresses: { databaseUrl, redisUrl, model, dapr: undefined },
    lifecycle,
    log,
  });
  const { database, redis, metrics } = foundation;
  const probes = { database: () => database.ping(), redis: () => redis.ping(), actors: async () => {} };
  const ingress = await startHttpRole(foundation, {
    actors: noActors,
    assistants: startAssistants(foundation),
    health: healthOf(probes, () => false),
    scrape: { text: () => metrics.registry.metrics(), contentType: metrics.registry.contentType },
    resolveNames: undefined,
  });
  return { url: ingress.url, stop: () => lifecycle.stop() };
}
