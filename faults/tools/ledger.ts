// The receiver of the kill run: a server of tools with a ledger of every request that arrived. It is slow, so that calls
// are running when their workers are killed.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Callers } from './callers.ts';

const [FASTEST_MS, SLOWEST_MS] = [100, 400];

/** A request that arrived. */
export interface Entry {
  readonly number: number;
  readonly tool: string;
  readonly turnId: string;
  readonly step: number;
  readonly callId: string;
  readonly key: string;
  /** The caller's port. */
  readonly port: number;
  /** The text of the arguments, as it was sent. */
  readonly arguments: string;
  readonly at: number;
  /** `answered`: the whole answer was sent. `broken`: the caller went away before. */
  outcome: 'open' | 'answered' | 'broken';
  /** What the answer contains. */
  readonly result: string;
}

export class Ledger {
  readonly entries: Entry[] = [];
  readonly #server: Server;
  readonly #draw: () => number;

  private constructor(callers: Callers, draw: () => number) {
    this.#draw = draw;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket) => void callers.of(socket));
  }

  static async start(callers: Callers, draw: () => number): Promise<Ledger> {
    const ledger = new Ledger(callers, draw);
    await new Promise<void>((resolve) => ledger.#server.listen(0, '127.0.0.1', 1024, resolve));
    return ledger;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/tools`;
  }

  /** The requests that have no answer yet. */
  get open(): Entry[] {
    return this.entries.filter(({ outcome }) => outcome === 'open');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const entry = this.#record(text, request);
    response.once('close', () => (entry.outcome = response.writableFinished ? 'answered' : 'broken'));
    await sleep(FASTEST_MS + this.#draw() * (SLOWEST_MS - FASTEST_MS));
    response.writeHead(200, { 'content-type': 'application/json' }).end(entry.result);
  }

  #record(text: string, { headers, socket }: IncomingMessage): Entry {
    const { tool, turn_id: turnId, step, call_id: callId } = JSON.parse(text) as Body;
    const number = this.entries.length + 1;
    const entry: Entry = {
      number,
      tool,
      turnId,
      step,
      callId,
      key: String(headers['idempotency-key']),
      port: socket.remotePort ?? 0,
      arguments: argumentsIn(text),
      at: Date.now(),
      outcome: 'open',
      result: JSON.stringify({ receipt: `r${number}` }),
    };
    this.entries.push(entry);
    return entry;
  }
}

interface Body {
  readonly tool: string;
  readonly turn_id: string;
  readonly step: number;
  readonly call_id: string;
}

/** The bytes between `"arguments":` and the next member. No argument of the run contains a brace. */
const argumentsIn = (text: string): string => /"arguments":(\{[^{}]*\})/.exec(text)?.[1] ?? '';
