// A model for tests: a real HTTP server that speaks OpenAI's chat completions, and does to each call what the test says.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { moderations } from '../../local/offline-model/moderation.ts';
import { type Answer, chunks, completion, usageOf } from '../../local/offline-model/wire.ts';
import type { Owner } from './owner.ts';

export const SCRIPTED_MODEL = 'scripted';

export interface ModelCall {
  /** 1 for the first call of all. */
  readonly number: number;
  /** 1 for the first call with this last user message. */
  readonly attempt: number;
  /** `summary`: from the memory worker; `moderation`: texts to be judged. */
  readonly kind: 'chat' | 'summary' | 'moderation';
  /** Of a moderation call. */
  readonly texts: readonly string[];
  readonly messages: readonly { role: string; content: string }[];
  readonly lastUserMessage: string;
  readonly stream: boolean;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
  /** Milliseconds since 1970, at arrival. */
  readonly at: number;
  /** Aborted when the caller hangs up before the answer is complete. */
  readonly signal: AbortSignal;
}

/** What to do with a call. Nothing: the echo. */
export interface ModelScript {
  /** Other than 200: an OpenAI error body. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
  /** The connection is cut; after so many chunks when a number is given. */
  readonly reset?: boolean | number;
  /** No answer ever; after so many chunks when a number is given. */
  readonly hang?: boolean | number;
  /** Of a moderation call: the categories flagged in a text. */
  readonly flagged?: (text: string) => readonly string[];
  /** Of a moderation call: verdicts on so many of its texts alone. */
  readonly results?: number;
  /** A body that is not JSON, or a stream with such a chunk. */
  readonly malformed?: boolean;
  readonly text?: string;
  /** Milliseconds between chunks. */
  readonly trickleMs?: number;
  readonly finishReason?: string;
  /** The error's code, with `status`. */
  readonly code?: string;
}

export interface ScriptedModel {
  readonly baseUrl: string;
  readonly calls: readonly ModelCall[];
  readonly chatCalls: readonly ModelCall[];
  readonly summaryCalls: readonly ModelCall[];
  readonly moderationCalls: readonly ModelCall[];
  /** How often a call had this last user message. */
  count(lastUserMessage: string): number;
  /** Replaces what is done with the calls from now on. */
  script(next: (call: ModelCall) => ModelScript | Promise<ModelScript>): void;
  stop(): Promise<void>;
}

/** The echo of a chat call is `echo: <last user message>`, of a summary call `summary: <n> lines.`, and nothing is
 *  flagged in a moderation call. */
export async function startScriptedModel(
  t: Owner,
  script: (call: ModelCall) => ModelScript | Promise<ModelScript> = () => ({}),
): Promise<ScriptedModel> {
  let current = script;
  const calls: ModelCall[] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    void (async () => {
      const call = await readCall(request, response, (said) => {
        counts.set(said, (counts.get(said) ?? 0) + 1);
        return { number: calls.length + 1, attempt: counts.get(said)! };
      });
      calls.push(call);
      await act(call, await current(call), response);
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

async function readCall(
  request: IncomingMessage,
  response: ServerResponse,
  countOf: (lastUserMessage: string) => Pick<ModelCall, 'number' | 'attempt'>,
): Promise<ModelCall> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const text = Buffer.concat(parts).toString('utf8');
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  const messages = (body['messages'] ?? []) as ModelCall['messages'];
  const lastUserMessage = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const hungUp = new AbortController();
  response.once('close', () => !response.writableFinished && hungUp.abort());
  return {
    ...countOf(lastUserMessage),
    kind: kindOf(request.url ?? '', messages),
    texts: [body['input'] ?? []].flat() as string[],
    messages,
    lastUserMessage,
    stream: body['stream'] === true,
    headers: request.headers,
    body,
    at: Date.now(),
    signal: hungUp.signal,
  };
}

function kindOf(url: string, [first]: ModelCall['messages']): ModelCall['kind'] {
  if (url.endsWith('/moderations')) return 'moderation';
  return first?.role === 'system' && first.content.startsWith('Summarise') ? 'summary' : 'chat';
}

async function act(call: ModelCall, script: ModelScript, response: ServerResponse): Promise<void> {
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
  response.writeHead(200, { 'content-type': 'text/event-stream', ...script.headers });
  const usage = (call.body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true;
  let sent = 0;
  for (const chunk of chunks(answerTo(call, script), usage)) {
    if (script.hang === sent || response.destroyed) return;
    if (script.reset === sent) return void response.destroy();
    // The first chunk has no text; a caller that reads up to the second has something to lose.
    if (script.malformed && sent === 2) response.write('data: {"choices": [\n\n');
    // Waits for the socket: a cut right after must not take away what was sent before it.
    await new Promise<void>((resolve) => response.write(chunk, () => resolve()));
    sent += 1;
    if (script.trickleMs) await sleep(script.trickleMs, undefined, { signal: call.signal }).catch(() => {});
  }
  response.end();
}

function answerTo(call: ModelCall, script: ModelScript): Answer {
  const echo =
    call.kind === 'chat'
      ? `echo: ${call.lastUserMessage}`
      : `summary: ${call.lastUserMessage.split('\n').length} lines.`;
  const text = script.text ?? echo;
  return {
    id: `chatcmpl-${call.number}`,
    model: SCRIPTED_MODEL,
    created: Math.floor(call.at / 1000),
    text,
    finishReason: script.finishReason ?? 'stop',
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
