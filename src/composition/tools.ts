// The tools of assistants, for the role worker.
import { LiveToolbox } from '../tools/live-toolbox.ts';
import { resolverFor, type ResolveNames } from '../outbound/names.ts';
import type { Foundation } from './foundation.ts';

/** Starts what calls tools. `resolveNames`: undefined means DNS. `lifecycle` ends the sessions with MCP servers. */
export function startToolbox(
  { config, metrics, log, lifecycle }: Foundation,
  resolveNames: ResolveNames | undefined,
): LiveToolbox {
  const allowPrivate = config.TOOLS_ALLOW_PRIVATE === 'yes';
  const rule = { allowPrivate, resolve: resolverFor(allowPrivate, resolveNames) };
  const toolbox = new LiveToolbox({ rule, metrics, log });
  lifecycle.started('tools', () => toolbox.close());
  return toolbox;
}
