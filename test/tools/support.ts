// A toolbox, and calls of tools of a receiver on this machine.
import type { ServerResponse } from 'node:http';
import type { Log } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { resolverFor, type ResolveNames } from '../../src/outbound/names.ts';
import { LiveToolbox } from '../../src/tools/live-toolbox.ts';
import type { CallOutcome, Effect, Tool, ToolCall } from '../../src/domain/tools/tool.ts';

export const TURN = '00000000-0000-4000-8000-000000000001';

export interface ToolboxOptions {
  readonly allowPrivate?: boolean;
  readonly names?: ResolveNames;
  readonly now?: () => number;
}

export function toolbox({ allowPrivate = true, names, now }: ToolboxOptions = {}) {
  const metrics = createMetrics();
  const logged: string[] = [];
  const keep = (fields: object, message: string): void => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { trace: keep, debug: () => {}, info: keep, warn: keep, error: keep, child: () => log };
  const rule = { allowPrivate, resolve: resolverFor(allowPrivate, names) };
  const box = new LiveToolbox({ rule, metrics, log, ...(now && { now }) });
  return { box, metrics, logged };
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
  timeoutMs: 10_000,
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
  { timeoutMs = 10_000, signal = new AbortController().signal, ...options }: CallOptions = {},
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
