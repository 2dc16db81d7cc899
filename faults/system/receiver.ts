// The receiver of webhooks: keeps a ledger of the events it accepted, and can fail.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `lost answer`: the event is recorded, and the sender gets no answer. */
export type ReceiverFault = 'status 500' | 'reset' | 'lost answer';

interface Receipt {
  readonly type: string;
  readonly turnId: string;
  count: number;
}

export class Receiver {
  readonly #server: Server;
  /** Accepted events by their id. */
  readonly receipts = new Map<string, Receipt>();
  /** Ids that arrived with two different contents. */
  readonly contradictions: string[] = [];
  #fault: ReceiverFault | null = null;

  private constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.once('error', () => {});
      request.once('end', () => {
        if (this.#fault === 'status 500') return void response.writeHead(500).end();
        if (this.#fault === 'reset') return void request.socket.resetAndDestroy();
        this.#record(String(request.headers['webhook-id']), body);
        if (this.#fault === 'lost answer') return void request.socket.resetAndDestroy();
        response.writeHead(204).end();
      });
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', 1024, resolve));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  fail(fault: ReceiverFault): void {
    this.#fault = fault;
  }

  heal(): void {
    this.#fault = null;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #record(id: string, body: string): void {
    const { type, data } = JSON.parse(body) as { type: string; data: { turn_id: string } };
    const known = this.receipts.get(id);
    if (!known) return void this.receipts.set(id, { type, turnId: data.turn_id, count: 1 });
    known.count += 1;
    if (known.type !== type || known.turnId !== data.turn_id) this.contradictions.push(id);
  }
}
