// The assistants in force, for the roles that accept and answer turns.
import { LiveAssistants } from '../turns/live-assistants.ts';
import type { Foundation } from './foundation.ts';

/** Reads the assistants file again when it changes. `lifecycle` stops it. */
export function startAssistants({ config, addresses, metrics, log, lifecycle }: Foundation): LiveAssistants {
  const { baseUrl, apiKey, name: model } = addresses.model;
  const defaults = { endpoint: { baseUrl, apiKey }, model, exchanges: config.HISTORY_EXCHANGES };
  const assistants = new LiveAssistants({ file: config.assistants, defaults, metrics, log });
  assistants.start();
  lifecycle.started('assistants', () => assistants.stop());
  return assistants;
}
