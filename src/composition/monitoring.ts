// Sets up the health probes, the metrics and the metrics port of this process.
import type { ActorRuntime } from '../actors/runtime.ts';
import { Backlog } from '../monitoring/backlog.ts';
import { startMonitor } from '../monitoring/server.ts';
import { healthOf, type Health } from '../telemetry/health.ts';
import type { Scrape } from '../telemetry/metrics.ts';
import type { Foundation } from './foundation.ts';

const PROBE_USER = 'readiness-probe';

export interface Monitoring {
  readonly health: Health;
  readonly scrape: Scrape;
  /** Address of the metrics port; null: METRICS_PORT is not set. */
  readonly url: string | null;
}

function scrapeOf({ config, database, queues, metrics, log }: Foundation): Scrape {
  const { registry } = metrics;
  // A process that only hosts actors accepts and runs no turns: it does not report the backlog.
  const reportsBacklog = config.roles.some((role) => role !== 'actors');
  const backlog = new Backlog({ database, countJobs: () => queues.counts(), metrics, log });
  return {
    async text() {
      if (reportsBacklog) await backlog.refresh();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** Opens the metrics port if one is set. Rejects with a clear message if it cannot. */
export async function startMonitoring(foundation: Foundation, actors: ActorRuntime): Promise<Monitoring> {
  const { config, database, redis, lifecycle } = foundation;
  const { METRICS_HOST: host, METRICS_PORT: port } = config;
  const probes = {
    database: () => database.ping(),
    redis: () => redis.ping(),
    actors: () => actors.call(PROBE_USER, 'ping', {}),
  };
  const health = healthOf(probes, () => lifecycle.stopping);
  const scrape = scrapeOf(foundation);
  if (port === undefined) return { health, scrape, url: null };
  const monitor = await startMonitor({ host, port, health, scrape });
  lifecycle.started('monitoring', () => monitor.stop());
  return { health, scrape, url: monitor.url };
}
