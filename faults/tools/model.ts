// The model of the kill run: asks for the calls of a turn, then answers with their results. No two of its answers are alike,
// so the rows and the receiver show which one was used.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { chunks, completion, usageOf, type OfflineReply } from '../../local/offline-model/wire.ts';
import type { ChatMessage } from '../../local/offline-model/reply.ts';
import { MODEL_NAME } from '../system/model.ts';
import type { Caller, Callers } from './callers.ts';
import { callsOfRound } from './turns.ts';

const [FASTEST_MS, SLOWEST_MS] = [20, 120];

/** A call of the model for a turn. */
export interface Asked {
  readonly number: number;
  readonly message: string;
  /** From 0: the answers that ask for tools before it. */
  readonly round: number;
  readonly at: number;
  readonly caller: Caller;
}

interface ChatBody {
  readonly messages: readonly { readonly role: string; readonly content: string | null }[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

export class ToolModel {
  readonly calls: Asked[] = [];
  readonly #server: Server;
  readonly #callers: Callers;
  readonly #draw: () => number;
  #summaries = 0;

  private constructor(callers: Callers, draw: () => number) {
    [this.#callers, this.#draw] = [callers, draw];
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket) => void callers.of(socket));
    this.#server.keepAliveTimeout = 120_000;
  }

  static async start(callers: Callers, draw: () => number): Promise<ToolModel> {
    const model = new ToolModel(callers, draw);
    await new Promise<void>((resolve) => model.#server.listen(0, '127.0.0.1', 2048, resolve));
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const caller = this.#callers.of(request.socket);
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const { messages: sent, stream, stream_options: options } = JSON.parse(text) as ChatBody;
    const messages = sent.map(({ role, content }) => ({ role, content: content ?? '' }));
    const isSummary = messages[0]?.content.startsWith('Summarise') === true;
    const reply = isSummary ? this.#summary() : this.#replyTo(messages, caller);
    if (!isSummary) await sleep(FASTEST_MS + this.#draw() * (SLOWEST_MS - FASTEST_MS));
    if (stream !== true)
      return void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(completion(reply)));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end([...chunks(reply, options?.include_usage === true)].join(''));
  }

  #replyTo(messages: readonly ChatMessage[], caller: Caller): OfflineReply {
    const last = messages.findLastIndex(({ role }) => role === 'user');
    const [message, after] = [messages[last]?.content ?? '', messages.slice(last + 1)];
    const round = after.filter(({ role }) => role === 'assistant').length;
    const number = this.calls.length + 1;
    this.calls.push({ number, message, round, at: Date.now(), caller });
    const calls = callsOfRound(message, round).map((name, index) => ({
      id: `call_${number}_${index}`,
      name,
      arguments: JSON.stringify({ order: message, answer: number }),
    }));
    const results = after.filter(({ role }) => role === 'tool').map(({ content }) => content);
    const text = calls.length > 0 ? '' : `answer ${number}\n${results.join('\n')}`;
    return replyWith({ id: `kill-${number}`, text, calls, messages });
  }

  #summary(): OfflineReply {
    this.#summaries += 1;
    return replyWith({
      id: `kill-summary-${this.#summaries}`,
      text: `summary ${this.#summaries}`,
      calls: [],
      messages: [],
    });
  }
}

const replyWith = ({
  messages,
  ...reply
}: Required<Pick<OfflineReply, 'id' | 'text' | 'calls'>> & {
  readonly messages: readonly ChatMessage[];
}): OfflineReply => ({
  ...reply,
  model: MODEL_NAME,
  created: 1,
  finishReason: reply.calls.length > 0 ? 'tool_calls' : 'stop',
  usage: usageOf(messages, reply.text),
});

/** The number of the model call that wrote a final answer. Null: none did. */
export function answerOf(reply: string): number | null {
  const found = /^answer (\d+)\n/.exec(reply);
  return found ? Number(found[1]) : null;
}
