// The offline model: an OpenAI-compatible endpoint on loopback. With it turnkeeper works end to end without an API key,
// through the same client and network code as with a real model.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit, Service } from '../service.ts';
import { flaggedByWords, moderations, parseModerationCall } from './moderation.ts';
import { replyTo } from './reply.ts';
import { callFor } from './tools.ts';
import { type OfflineReply, chunks, completion, parseChatCall, usageOf, WireError } from './wire.ts';

export const OFFLINE_MODEL = 'turnkeeper-offline';

export interface OfflineModelOptions {
  /** Missing: a free port. */
  readonly port?: number;
  /** Delay before the first chunk. */
  readonly delayMs?: number;
}

export interface OfflineModel extends Service {
  readonly baseUrl: string;
}

/** A prompt may have pictures of 8 MiB, in base64. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024;
const MODEL = { id: OFFLINE_MODEL, object: 'model', created: 0, owned_by: 'turnkeeper' };

export async function startOfflineModel({ port = 0, delayMs = 0 }: OfflineModelOptions = {}): Promise<OfflineModel> {
  const server = createServer((request, response) => void answer(request, response, delayMs));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const exited = new Promise<Exit>((resolve) => server.once('close', () => resolve({ code: 0, signal: null })));
  return {
    name: 'offline model',
    detail: `${baseUrl}, model ${OFFLINE_MODEL} (not a language model)`,
    baseUrl,
    exited,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await exited;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, delayMs: number): Promise<void> {
  try {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const operation = `${request.method} ${pathname.replace(/\/+$/, '')}`;
    if (operation === 'GET /v1/models') return send(response, 200, { object: 'list', data: [MODEL] });
    if (operation === `GET /v1/models/${OFFLINE_MODEL}`) return send(response, 200, MODEL);
    if (operation === 'POST /v1/moderations') {
      const texts = parseModerationCall(await bodyOf(request));
      return send(response, 200, moderations(texts, flaggedByWords, OFFLINE_MODEL));
    }
    if (operation !== 'POST /v1/chat/completions')
      throw new WireError(404, `${operation} does not exist.`, 'not_found');
    await chat(await bodyOf(request), response, delayMs);
  } catch (error) {
    if (response.headersSent || response.destroyed) return void response.destroy();
    const known = error instanceof WireError ? error : new WireError(500, 'The offline model failed.');
    send(response, known.status, known.body);
  }
}

async function chat(body: string, response: ServerResponse, delayMs: number): Promise<void> {
  const call = parseChatCall(body);
  const toolCall = callFor(call.messages, call.offer);
  const text = toolCall ? '' : replyTo(call.messages);
  const result: OfflineReply = {
    // The same messages get the same reply and the same id.
    id: `chatcmpl-${createHash('sha256').update(JSON.stringify(call.messages)).digest('hex').slice(0, 24)}`,
    model: OFFLINE_MODEL,
    created: Math.floor(Date.now() / 1000),
    text,
    calls: toolCall ? [toolCall] : [],
    finishReason: toolCall ? 'tool_calls' : 'stop',
    usage: usageOf(call.messages, toolCall ? toolCall.arguments : text),
  };
  if (delayMs > 0) await sleep(delayMs);
  if (!call.stream) return send(response, 200, completion(result));
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const chunk of chunks(result, call.includeUsage)) response.write(chunk);
  response.end();
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT_BYTES) throw new WireError(413, 'The body is too large.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
