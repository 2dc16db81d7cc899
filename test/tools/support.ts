// A toolbox, and calls of tools of a receiver on this machine.
import type { ServerResponse } from 'node:http';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { resolverFor, type ResolveNames } from '../../src/outbound/names.ts';
import { LiveToolbox } from '../../src/tools/live-toolbox.ts';
import type { CallOutcome, Effect, Tool, ToolCall } from '../../src/domain/tools/tool.ts';

export const TURN = '00000000-0000-4000-8000-000000000001';

export interface ToolboxOptions {
  readonly allowPrivate?: boolean;
  readonly names?: ResolveNames;
}

export function toolbox({ allowPrivate = true, names }: ToolboxOptions = {}) {
  const metrics = createMetrics();
  const box = new LiveToolbox({ rule: { allowPrivate, resolve: resolverFor(allowPrivate, names) }, metrics });
  return { box, metrics };
}

/** A tool at this address. */
export const toolAt = (url: string, traits: Partial<Tool> = {}, secret: string | null = null): Tool => ({
  name: 'refund',
  modelName: 'refund',
  description: '',
  parameters: { type: 'object' },
  endpoint: { kind: 'http', url, secret },
  version: null,
  effect: 'once',
  approval: false,
  timeoutMs: 2_000,
  ...traits,
});

export const callOf = (tool: Tool, text = '{}'): ToolCall => ({
  tool,
  arguments: text,
  turnId: TURN,
  userId: 'alice',
  sessionId: '00000000-0000-4000-8000-000000000002',
  assistant: 'shop',
  step: 3,
  callId: 'call_1',
});

/** Calls a tool of this effect. */
export const run = (
  url: string,
  effect: Effect,
  { timeoutMs = 2_000, signal = new AbortController().signal, ...options }: CallOptions = {},
): Promise<CallOutcome> => toolbox(options).box.call(callOf(toolAt(url, { effect, timeoutMs })), signal);

export interface CallOptions extends ToolboxOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export const answer =
  (status: number, body: string | Buffer = '', headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, headers).end(body);

export const JSON_TYPE = { 'content-type': 'application/json' };
export const TEXT_TYPE = { 'content-type': 'text/plain; charset=utf-8' };
