// The model of a campaign: an OpenAI-compatible server that echoes the last user message, keeps a ledger of its calls,
// and can fail in the ways of real endpoints.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { chunks, completion, usageOf, type OfflineReply } from '../../local/offline-model/wire.ts';
import type { ChatMessage } from '../../local/offline-model/reply.ts';
import { latencyOf } from '../load/texts.ts';

export const MODEL_NAME = 'faults';
export type ModelFault = 'status 500' | 'status 429' | 'hang' | 'reset' | 'malformed' | 'trickle';

/** One model call for a turn. */
export interface ModelCall {
  readonly number: number;
  /** The process that called, or the link that several processes share. */
  from: string;
  /** The caller's port at the model's side. */
  readonly port: number;
  readonly at: number;
  /** `answered`: the whole reply was sent. `failed`: the model failed on purpose. `broken`: the caller went away. */
  outcome: 'open' | 'answered' | 'failed' | 'broken';
  endedAt: number | null;
}

export class Model {
  readonly #server: Server;
  readonly #ownerOf: (port: number) => string;
  /** Calls for turns, by the user's message. */
  readonly calls = new Map<string, ModelCall[]>();
  #count = 0;
  #summaries = 0;
  #fault: { readonly kind: ModelFault; readonly draw: () => number; readonly share: number } | null = null;

  private constructor(ownerOf: (port: number) => string) {
    this.#ownerOf = ownerOf;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  /** `ownerOf`: the link whose connection has this port at the model's side. */
  static async start(ownerOf: (port: number) => string): Promise<Model> {
    const model = new Model(ownerOf);
    model.#server.keepAliveTimeout = 120_000;
    await new Promise<void>((resolve) => model.#server.listen(0, '127.0.0.1', 2048, resolve));
    return model;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Calls for turns so far. */
  get count(): number {
    return this.#count;
  }

  get summaries(): number {
    return this.#summaries;
  }

  /** Calls that have not been answered yet, of one process or of all. */
  open(from?: string): ModelCall[] {
    const all = [...this.calls.values()].flat();
    return all.filter((call) => call.outcome === 'open' && (from === undefined || call.from === from));
  }

  /** Fails this share of all calls until `heal`. */
  fail(kind: ModelFault, share: number, draw: () => number): void {
    this.#fault = { kind, share, draw };
  }

  heal(): void {
    this.#fault = null;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const { messages, stream, stream_options: options } = JSON.parse(text) as ChatBody;
    const asked = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const isSummary = messages[0]?.content.startsWith('Summarise') === true;
    const call = isSummary ? this.#summary() : this.#record(asked, request.socket.remotePort ?? 0);
    response.once('close', () => {
      call.outcome = call.outcome !== 'open' ? call.outcome : response.writableFinished ? 'answered' : 'broken';
      call.endedAt = Date.now();
    });
    if (!isSummary) await sleep(latencyOf(asked));
    const fault = this.#fault && this.#fault.draw() < this.#fault.share ? this.#fault.kind : null;
    if (fault !== null) call.outcome = 'failed';
    const reply: OfflineReply = {
      id: `faults-${call.number}`,
      model: MODEL_NAME,
      created: 1,
      text: isSummary ? `summary ${call.number}` : replyOf(asked, call.number),
      finishReason: 'stop',
      usage: usageOf(messages, asked),
    };
    if (stream !== true && fault === null) return json(response, 200, completion(reply));
    await send(response, fault, chunks(reply, options?.include_usage === true));
  }

  #record(asked: string, port: number): ModelCall {
    this.#count += 1;
    const call: ModelCall = {
      number: this.#count,
      from: this.#ownerOf(port),
      port,
      at: Date.now(),
      outcome: 'open',
      endedAt: null,
    };
    const calls = this.calls.get(asked);
    if (calls) calls.push(call);
    else this.calls.set(asked, [call]);
    return call;
  }

  #summary(): ModelCall {
    this.#summaries += 1;
    return { number: this.#summaries, from: '', port: 0, at: Date.now(), outcome: 'open', endedAt: null };
  }
}

interface ChatBody {
  readonly messages: readonly ChatMessage[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

/** The reply of one call: it tells which message and which call it belongs to. */
export const replyOf = (asked: string, number: number): string => `echo: ${asked} (call ${number})`;

/** The number of the call that wrote a reply. Null: it is not a reply of the model. */
export function callOf(reply: string): number | null {
  const found = / \(call (\d+)\)$/.exec(reply);
  return found ? Number(found[1]) : null;
}

function json(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const failure = (message: string) => ({ error: { message, type: 'faults', param: null, code: null } });
const TRICKLE_MS = 500;

async function send(response: ServerResponse, fault: ModelFault | null, parts: Iterable<string>): Promise<void> {
  if (fault === 'status 500') return json(response, 500, failure('an injected error'));
  if (fault === 'status 429') return json(response, 429, failure('an injected rate limit'), { 'retry-after': '1' });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sent = 0;
  for (const part of parts) {
    if (fault === 'hang' && sent === 2) return;
    if (fault === 'reset' && sent === 2) return void response.destroy();
    if (fault === 'malformed' && sent === 2) response.write('data: {"choices": [\n\n');
    response.write(part);
    sent += 1;
    if (fault === 'trickle') await sleep(TRICKLE_MS);
    if (response.destroyed) return;
  }
  response.end();
}
