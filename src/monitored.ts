// How this process is watched: its health, its metrics, and the port for both. Part of the composition.
import type { Redis } from 'ioredis';
import type { ActorRuntime } from './actors/runtime.ts';
import type { Config } from './config.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { Backlog } from './monitoring/backlog.ts';
import { healthOf, type Health } from './monitoring/health.ts';
import { startMonitor, type Scrape } from './monitoring/server.ts';
import type { Database } from './store/database.ts';
import type { Queues } from './workers/queues.ts';

const PROBE_USER = 'readiness-probe';

export interface MonitoringDeps {
  readonly database: Database;
  readonly redis: Redis;
  readonly actors: ActorRuntime;
  readonly queues: Queues;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
}

export interface Monitoring {
  readonly health: Health;
  readonly scrape: Scrape;
  /** Of the metrics port; null: METRICS_PORT is not set. */
  readonly url: string | null;
}

function scrapeOf(config: Config, { database, queues, metrics, log }: MonitoringDeps): Scrape {
  const { registry } = metrics;
  // What waits is told by those who take turns in and those who work on them; a host of actors knows of none.
  const tells = config.roles.some((role) => role !== 'actors');
  const backlog = tells ? new Backlog({ database, countJobs: () => queues.counts(), metrics, log }) : null;
  return {
    async text() {
      await backlog?.refresh();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** Opens the metrics port where one is set. Rejects with a clear message where it cannot. */
export async function startMonitoring(config: Config, deps: MonitoringDeps): Promise<Monitoring> {
  const { database, redis, actors, lifecycle } = deps;
  const { METRICS_HOST: host, METRICS_PORT: port } = config;
  const probes = {
    database: () => database.ping(),
    redis: () => redis.ping(),
    actors: () => actors.call(PROBE_USER, 'ping', {}),
  };
  const health = healthOf(probes, () => lifecycle.stopping);
  const scrape = scrapeOf(config, deps);
  if (port === undefined) return { health, scrape, url: null };
  const monitor = await startMonitor({ host, port, health, scrape });
  lifecycle.started('monitoring', () => monitor.stop());
  return { health, scrape, url: monitor.url };
}
