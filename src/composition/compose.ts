// The composition root: builds the roles of this process, each in its own file. Only this folder constructs objects of
// several folders.
import type { ActorRuntime } from '../actors/runtime.ts';
import type { ResolveNames } from '../outbound/names.ts';
import { startAssistants } from './use-cases.ts';
import { createActorRuntime } from './actors.ts';
import { startFoundation, type FoundationOptions } from './foundation.ts';
import { startHttpRole } from './http-role.ts';
import { startMonitoring } from './monitoring.ts';
import { startWorkerRole } from './worker-role.ts';

export interface ComposeOptions extends FoundationOptions {
  /** Called when the process must end, with the reason. */
  readonly onFatal: (reason: string) => void;
  /** How host names of webhooks are resolved; missing: with DNS. */
  readonly resolveNames?: ResolveNames | undefined;
}

export interface App {
  /** Where the ingress listens; null: this process has no role `http`. */
  readonly url: string | null;
  readonly runtime: ActorRuntime['name'];
  /** Where /metrics is read without a key; null: METRICS_PORT is not set. */
  readonly metricsUrl: string | null;
}

/** Builds and starts the roles of this process. `lifecycle` stops them in reverse order. Rejects if something needed is
 *  unavailable; `lifecycle` then holds what was started. */
export async function compose({ onFatal, resolveNames, ...options }: ComposeOptions): Promise<App> {
  const { config, lifecycle } = options;
  const foundation = await startFoundation(options);
  const actors = createActorRuntime(foundation, () => onFatal('another process took over the embedded actors'));
  // Registered first: a start that fails half-way (host up, no sidecar) must be stopped too.
  lifecycle.started('actors', () => actors.stop());
  const assistants = startAssistants(foundation);
  // Before the actors start, which may take long: readiness shows what the start waits for.
  const { health, scrape, url: metricsUrl } = await startMonitoring(foundation, actors, { assistants });
  await actors.start();

  if (config.roles.includes('worker')) await startWorkerRole(foundation, { actors, assistants, resolveNames });
  const http = config.roles.includes('http')
    ? await startHttpRole(foundation, { actors, assistants, health, scrape, resolveNames })
    : null;
  return { url: http?.url ?? null, runtime: actors.name, metricsUrl };
}
