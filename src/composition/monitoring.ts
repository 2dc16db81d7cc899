// Sets up the health probes, the metrics and the metrics port of this process.
import type { ActorRuntime } from '../actors/runtime.ts';
import type { AssistantSource } from '../domain/assistants/assistant.ts';
import { Backlog } from '../monitoring/backlog.ts';
import { startMonitor } from '../monitoring/server.ts';
import { healthOf, type Health } from '../telemetry/health.ts';
import { joinScrapes } from '../telemetry/join-scrapes.ts';
import type { Scrape } from '../telemetry/metrics.ts';
import type { Foundation, Instance } from './foundation.ts';
import { budgetsOf } from './use-cases.ts';

const PROBE_USER = 'readiness-probe';

/** The kind of the requests for metrics: a child asks for those of the instance, its parent for those of the child. */
export const METRICS = 'metrics';
const PARENT_MS = 10_000;

export interface Monitoring {
  readonly health: Health;
  readonly scrape: Scrape;
  /** Address of the metrics port; null: METRICS_PORT is not set. */
  readonly url: string | null;
}

/** The metrics of a child are those of its instance: the parent joins them. */
function scrapeOfChild({ metrics }: Foundation, parent: NonNullable<Instance['parent']>): Scrape {
  parent.serve(METRICS, () => metrics.registry.metrics());
  return {
    text: async () => (await parent.ask(METRICS, {}, PARENT_MS)) as string,
    contentType: metrics.registry.contentType,
  };
}

function scrapeOf(foundation: Foundation, { assistants, others }: MonitoringOptions): Scrape {
  const { config, database, queues, metrics, log, instance } = foundation;
  if (instance?.parent) return scrapeOfChild(foundation, instance.parent);
  const { registry } = metrics;
  // A process that only hosts actors accepts and runs no turns: it does not report the backlog. A parent reports it
  // once for its children.
  const reportsBacklog = others !== undefined || config.roles.some((role) => role !== 'actors');
  const budgets = budgetsOf(foundation, assistants);
  const backlog = new Backlog({
    database,
    countJobs: () => queues.counts(),
    budgetsOfAll: () => budgets.statesOfAllUsers(),
    metrics,
    log,
  });
  return {
    async text() {
      const [ofOthers = []] = await Promise.all([others?.(), reportsBacklog && backlog.refresh()]);
      const own = await registry.metrics();
      return ofOthers.length === 0 ? own : joinScrapes([own, ...ofOthers]);
    },
    contentType: registry.contentType,
  };
}

export interface MonitoringOptions {
  readonly assistants: AssistantSource;
  /** The metrics of the children of this process. */
  readonly others?: () => Promise<string[]>;
}

/** Opens the metrics port if one is set. Rejects with a clear message if it cannot. */
export async function startMonitoring(
  foundation: Foundation,
  actors: ActorRuntime,
  options: MonitoringOptions,
): Promise<Monitoring> {
  const { config, database, redis, lifecycle } = foundation;
  const { METRICS_HOST: host, METRICS_PORT: port } = config;
  const probes = {
    database: () => database.ping(),
    redis: () => redis.ping(),
    actors: () => actors.call(PROBE_USER, 'ping', {}),
  };
  const health = healthOf(probes, () => lifecycle.stopping);
  const scrape = scrapeOf(foundation, options);
  if (port === undefined) return { health, scrape, url: null };
  const monitor = await startMonitor({ host, port, health, scrape });
  lifecycle.started('monitoring', () => monitor.stop());
  return { health, scrape, url: monitor.url };
}
