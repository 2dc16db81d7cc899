// The parent of an instance with several processes (PROCESSES): it hosts the actors, serves the metrics port, and keeps
// the children running, which have the roles http and worker.
import { ACTOR_CALL, answerCall } from '../actors/forwarded-runtime.ts';
import { EmbeddedRuntime } from '../actors/embedded-runtime.ts';
import { forkChild } from '../processes/cluster.ts';
import { Supervisor } from '../processes/supervisor.ts';
import { createActorRuntime } from './actors.ts';
import type { Order } from './child.ts';
import type { App } from './compose.ts';
import { startFoundation, type FoundationOptions } from './foundation.ts';
import { METRICS, startMonitoring } from './monitoring.ts';
import { startAssistants } from './use-cases.ts';

/** A child reads no stores for its metrics, so it answers quickly unless it is overloaded. */
const METRICS_MS = 2_000;

export interface PrimaryOptions extends FoundationOptions {
  /** Called when this process must end, with the reason. */
  readonly onFatal: (reason: string) => void;
}

/** Starts the actors and the children. Rejects if something needed is unavailable or a child cannot start; `lifecycle`
 *  then holds what was started. */
export async function composePrimary({ onFatal, ...options }: PrimaryOptions): Promise<App> {
  const { config, addresses, lifecycle, log } = options;
  const roles = config.roles.filter((role) => role === 'actors');
  const foundation = await startFoundation({
    ...options,
    config: { ...config, roles },
    instance: { process: 'primary' },
  });
  const { metrics } = foundation;
  const actors = createActorRuntime(foundation, () => onFatal('another process took over the embedded actors'));
  lifecycle.started('actors', () => actors.stop());
  const children = new Supervisor({
    count: config.PROCESSES,
    fork: forkChild,
    order: (name) => ({ name, addresses, port: config.PORT }) satisfies Order,
    handlers: {
      [METRICS]: () => scrape.text(),
      ...(actors instanceof EmbeddedRuntime ? { [ACTOR_CALL]: (call) => answerCall(actors, call) } : {}),
    },
    onReady: (count) => metrics.processesReady.set(count),
    onRestart: () => metrics.processRestarts.inc(),
    onFatal,
    log,
  });
  const others = async () => (await children.askAll(METRICS, METRICS_MS)) as string[];
  const { scrape, url: metricsUrl } = await startMonitoring(foundation, actors, {
    assistants: startAssistants(foundation),
    others,
  });
  await actors.start();
  lifecycle.started('processes', () => children.stop());
  const url = await children.start();
  return { url, runtime: actors.name, metricsUrl };
}
