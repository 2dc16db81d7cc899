// A model for tests: an HTTP server that implements OpenAI's chat completions. The test scripts each call.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { moderations } from '../../local/offline-model/moderation.ts';
import { type OfflineReply, chunks, completion, usageOf } from '../../local/offline-model/wire.ts';
import type { Owner } from './owner.ts';

export const SCRIPTED_MODEL = 'scripted';

export interface ModelCall {
  /** 1 for the server's first call. */
  readonly number: number;
  /** 1 for the first call with this last user message. */
  readonly attempt: number;
  /** `summary`: a call of the memory worker. `moderation`: a call of the moderations endpoint. */
  readonly kind: 'chat' | 'summary' | 'moderation';
  /** The inputs of a moderation call. Empty for other calls. */
  readonly texts: readonly string[];
  /** With the text of each content. */
  readonly messages: readonly { role: string; content: string }[];
  readonly lastUserMessage: string;
  /** Those of the last user message, as they were sent. */
  readonly pictures: readonly unknown[];
  readonly stream: boolean;
  readonly headers: IncomingMessage['headers'];
  /** The caller's port. */
  readonly port: number;
  readonly body: Record<string, unknown>;
  /** Milliseconds since 1970, at arrival. */
  readonly at: number;
  /** Aborted when the caller disconnects before the response is complete. */
  readonly signal: AbortSignal;
}

/** A call of a tool. */
export interface ScriptedCall {
  /** Missing: one of its own. */
  readonly id?: string;
  readonly name: string;
  /** An object, or the text that the model writes. */
  readonly arguments: unknown;
}

/** How to answer a call. An empty script echoes. */
export interface ModelScript {
  /** A status other than 200 has an OpenAI error body. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
  /** Closes the connection: at once, or after this number of chunks. */
  readonly reset?: boolean | number;
  /** Sends nothing more: no response at all, or nothing after this number of chunks. */
  readonly hang?: boolean | number;
  /** Moderation calls: returns the categories flagged in a text. */
  readonly flagged?: (text: string) => readonly string[];
  /** Moderation calls: the number of results, if it is less than the number of inputs. */
  readonly results?: number;
  /** Chat and summary calls: replaces the body of a streamed response, which is then sent at once. */
  readonly body?: (body: string) => string;
  /** The content type of this body. Default: that of a stream. */
  readonly type?: string;
  /** Sends a body that is not JSON, or a stream with such a chunk. */
  readonly malformed?: boolean;
  readonly text?: string;
  /** Chat calls: what the model asks for. Without `text` there is no text then. */
  readonly calls?: readonly ScriptedCall[];
  /** Milliseconds between chunks. */
  readonly trickleMs?: number;
  readonly finishReason?: string;
  /** The code in the error body; used with `status`. */
  readonly code?: string;
}

export interface ScriptedModel {
  readonly baseUrl: string;
  readonly calls: readonly ModelCall[];
  readonly chatCalls: readonly ModelCall[];
  readonly summaryCalls: readonly ModelCall[];
  readonly moderationCalls: readonly ModelCall[];
  /** The number of calls with this last user message. */
  count(lastUserMessage: string): number;
  /** Replaces the script of all later calls. */
  script(next: (call: ModelCall) => ModelScript | Promise<ModelScript>): void;
  stop(): Promise<void>;
}

/** Starts the server. Without a script a chat call returns `echo: <last user message>`, a summary call returns
 *  `summary: <n> lines.`, and a moderation call flags nothing. */
export async function startScriptedModel(
  t: Owner,
  script: (call: ModelCall) => ModelScript | Promise<ModelScript> = () => ({}),
): Promise<ScriptedModel> {
  let current = script;
  const calls: ModelCall[] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    void (async () => {
      const call = await readCall(request, response, (message) => {
        counts.set(message, (counts.get(message) ?? 0) + 1);
        return { number: calls.length + 1, attempt: counts.get(message)! };
      });
      calls.push(call);
      await answer(call, await current(call), response);
    })().catch((error: unknown) => respond(response, 500, { error: { message: String(error), type: 'test' } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => close(server));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    get chatCalls() {
      return calls.filter(({ kind }) => kind === 'chat');
    },
    get moderationCalls() {
      return calls.filter(({ kind }) => kind === 'moderation');
    },
    get summaryCalls() {
      return calls.filter(({ kind }) => kind === 'summary');
    },
    count: (text) => calls.filter(({ lastUserMessage }) => lastUserMessage === text).length,
    script: (next) => void (current = next),
    stop: () => close(server),
  };
}

type Content = string | null | readonly { readonly type: string; readonly text?: string }[];

const textOf = (content: Content): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join('');

async function readCall(
  request: IncomingMessage,
  response: ServerResponse,
  countOf: (lastUserMessage: string) => Pick<ModelCall, 'number' | 'attempt'>,
): Promise<ModelCall> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const text = Buffer.concat(parts).toString('utf8');
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  const sent = (body['messages'] ?? []) as readonly { role: string; content: Content }[];
  const messages = sent.map(({ role, content }) => ({ role, content: textOf(content) }));
  const last = sent.findLast(({ role }) => role === 'user')?.content ?? '';
  const lastUserMessage = textOf(last);
  const disconnected = new AbortController();
  response.once('close', () => !response.writableFinished && disconnected.abort());
  return {
    ...countOf(lastUserMessage),
    kind: kindOf(request.url ?? '', messages),
    texts: [body['input'] ?? []].flat() as string[],
    messages,
    lastUserMessage,
    pictures: typeof last === 'string' ? [] : (last ?? []).filter(({ type }) => type === 'image_url'),
    stream: body['stream'] === true,
    headers: request.headers,
    port: request.socket.remotePort ?? 0,
    body,
    at: Date.now(),
    signal: disconnected.signal,
  };
}

function kindOf(url: string, [first]: ModelCall['messages']): ModelCall['kind'] {
  if (url.endsWith('/moderations')) return 'moderation';
  return first?.role === 'system' && first.content.startsWith('Summarise') ? 'summary' : 'chat';
}

async function answer(call: ModelCall, script: ModelScript, response: ServerResponse): Promise<void> {
  const { status = 200, headers = {}, delayMs = 0 } = script;
  if (delayMs > 0) await sleep(delayMs, undefined, { signal: call.signal }).catch(() => {});
  if (script.hang === true || response.destroyed) return;
  if (script.reset === true) return void response.destroy();
  if (status !== 200) {
    const message = script.text ?? `scripted status ${status}`;
    return respond(
      response,
      status,
      { error: { message, type: 'scripted', param: null, code: script.code ?? null } },
      headers,
    );
  }
  if (!call.stream) {
    if (script.malformed)
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices": [');
    if (call.kind === 'moderation')
      return respond(
        response,
        200,
        moderations(call.texts.slice(0, script.results), script.flagged ?? (() => []), SCRIPTED_MODEL),
        headers,
      );
    return respond(response, 200, completion(answerTo(call, script)), headers);
  }
  await stream(call, script, response);
}

async function stream(call: ModelCall, script: ModelScript, response: ServerResponse): Promise<void> {
  const { body, type = 'text/event-stream' } = script;
  if (body) {
    const usual = [...chunks(answerTo(call, script), true)].join('');
    return void response.writeHead(200, { 'content-type': type }).end(body(usual));
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', ...script.headers });
  const usage = (call.body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true;
  let sent = 0;
  for (const chunk of chunks(answerTo(call, script), usage)) {
    if (script.hang === sent || response.destroyed) return;
    if (script.reset === sent) return void response.destroy();
    // The first chunk has no text. The malformed chunk is the third, so the caller has already received text.
    if (script.malformed && sent === 2) response.write('data: {"choices": [\n\n');
    // Waits for the write: a reset that follows must not discard chunks that were already sent.
    await new Promise<void>((resolve) => response.write(chunk, () => resolve()));
    sent += 1;
    if (script.trickleMs) await sleep(script.trickleMs, undefined, { signal: call.signal }).catch(() => {});
  }
  response.end();
}

function answerTo(call: ModelCall, script: ModelScript): OfflineReply {
  const echo =
    call.kind === 'chat'
      ? `echo: ${call.lastUserMessage}`
      : `summary: ${call.lastUserMessage.split('\n').length} lines.`;
  const calls = (script.calls ?? []).map(({ id, name, arguments: value }, index) => ({
    id: id ?? `call_${call.number}_${index}`,
    name,
    arguments: typeof value === 'string' ? value : JSON.stringify(value),
  }));
  const text = script.text ?? (calls.length > 0 ? '' : echo);
  return {
    id: `chatcmpl-${call.number}`,
    model: typeof call.body['model'] === 'string' ? call.body['model'] : SCRIPTED_MODEL,
    created: Math.floor(call.at / 1000),
    text,
    calls,
    finishReason: script.finishReason ?? (calls.length > 0 ? 'tool_calls' : 'stop'),
    usage: usageOf(call.messages, text),
  };
}

function respond(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
