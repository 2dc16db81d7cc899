// Starts a real ingress on a free port with services in memory.
import { OWN_NAME } from '../../../src/domain/assistants/assistant.ts';
import { assistantsWith } from '../../support/assistants.ts';
import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { ExecutionContext } from 'ava';
import { startIngress, type Ingress, type IngressSettings } from '../../../src/http/server.ts';
import type { Log } from '../../../src/telemetry/log.ts';
import { MemoryServices } from './memory-services.ts';

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A log that stores its lines. */
export function keptLog(lines: LogLine[]): Log {
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const log: Log = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

export interface Fixture extends MemoryServices {
  readonly ingress: Ingress;
  readonly lines: LogLine[];
  readonly errors: () => LogLine[];
  readonly observed: { route: string; method: string; status: number; seconds: number }[];
  /** Sends a request, with a JSON body if one is passed. */
  readonly call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON body. Its content is checked by the assertions of the test. */
  readonly json: Json;
}

export interface Json {
  readonly [key: string]: JsonValue;
}
export type JsonValue = string | number | boolean | null | undefined | Json | JsonValue[];

export const keyOf = (name: string): string => `key-of-${name}`;
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** All ingresses of a deployment have the same secret. */
export const SESSION_SECRET = new Uint8Array(32).fill(7);

/** Starts an ingress. It is stopped when the test ends. */
export async function start(
  t: ExecutionContext,
  settings: Partial<IngressSettings> = {},
  { stalledMs, model = OWN_NAME }: { stalledMs?: number; model?: string } = {},
): Promise<Fixture> {
  const memory = new MemoryServices();
  const lines: LogLine[] = [];
  const observed: Fixture['observed'] = [];
  const ingress = await startIngress({
    services: memory.services,
    settings: { host: '127.0.0.1', port: 0, auth: 'none', apiKeys: [], sessionSecret: SESSION_SECRET, ...settings },
    assistants: assistantsWith(model),
    log: keptLog(lines),
    version: '1.2.3',
    ...(stalledMs !== undefined && { stalledMs }),
    observe: (route, method, status, seconds) => void observed.push({ route, method, status, seconds }),
  });
  t.teardown(() => ingress.stop(1_000));
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> => {
    const typed = body === undefined ? headers : { 'content-type': 'application/json', ...headers };
    const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(ingress.url + path, {
      method,
      headers: typed,
      ...(sent !== undefined && { body: sent }),
    });
    return replyOf(response);
  };
  return Object.assign(memory, {
    ingress,
    lines,
    observed,
    errors: () => lines.filter(({ level }) => level === 'error'),
    call,
  });
}

export async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
  return { status: response.status, headers: response.headers, text, json: isJson ? (JSON.parse(text) as Json) : {} };
}

/** The value of a field that must be a string. */
export function textOf(json: Json, field: string): string {
  const value = json[field];
  if (typeof value !== 'string') throw new TypeError(`${field} is not a string: ${JSON.stringify(value)}`);
  return value;
}

/** The pointers of a problem's errors, sorted. */
export const pointersOf = ({ json }: Reply): unknown[] =>
  ((json['errors'] ?? []) as Json[]).map(({ pointer }) => pointer).toSorted();

export interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends a request with unmodified headers and path. fetch would reject or normalise them. */
export function rawCall(
  url: string,
  options: { method?: string; path: string; headers?: Record<string, string>; body?: Buffer | string },
): Promise<RawReply> {
  const { hostname, port } = new URL(url);
  const { method = 'GET', path, headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}
