// A receiver of webhooks. It verifies signatures with the library that real receivers use.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook as Verifier } from 'standardwebhooks';
import { connect } from '../../src/store/connect.ts';
import { call, eventually, type TurnJson } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';

export interface Received {
  readonly id: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly event: { readonly type: string; readonly timestamp: string; readonly data: TurnJson };
}

export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Answers the requests from now on. `request` is the received one. */
  answer: (response: ServerResponse, request: Received) => void;
  /** Resolves when at least `count` requests have been received. */
  has(count: number, withinMs?: number): Promise<readonly Received[]>;
}

export const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(code, headers).end();

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Starts a receiver on a free port of 127.0.0.1. By default it answers 204. */
export async function startReceiver(t: Owner): Promise<Receiver> {
  const received: Received[] = [];
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await textOf(request);
    const headers = request.headers as Record<string, string>;
    const event = JSON.parse(body) as Received['event'];
    const one = { id: headers['webhook-id']!, path: request.url!, headers, body, event };
    received.push(one);
    receiver.answer(response, one);
  };
  // A sender that is killed in the middle of a request is not an error of the receiver.
  const server = createServer((request, response) => void receive(request, response).catch(() => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answer: status(204),
    has: (count, withinMs) =>
      eventually(`${count} received`, async () => received.length >= count && received, withinMs),
  };
  return receiver;
}

/** Verifies the signature and returns the event. @throws if the signature is invalid */
export const verified = (secret: string, { body, headers }: Received): unknown =>
  new Verifier(secret).verify(body, { ...headers });

export interface WebhookJson {
  readonly webhook_id: string;
  readonly user_id: string | null;
  readonly url: string;
  readonly events: string[];
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly secret: string;
}

export interface DeliveryJson {
  readonly delivery_id: string;
  readonly turn_id: string | null;
  readonly event: string;
  readonly status: string;
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly last_status: number | null;
  readonly last_error: string | null;
}

/** Registers a webhook. */
export async function register(base: string, body: object): Promise<WebhookJson> {
  const reply = await call<WebhookJson>(base, '/webhooks', { body });
  if (reply.status !== 201) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body;
}

export const deliveriesOf = async (
  base: string,
  { webhook_id: id }: WebhookJson,
  query = '',
): Promise<DeliveryJson[]> =>
  (await call<{ items: DeliveryJson[] }>(base, `/webhooks/${id}/deliveries${query}`)).body.items;

/** Waits until the newest delivery of the webhook matches `is`. */
export const waitForDelivery = (
  base: string,
  hook: WebhookJson,
  is: (delivery: DeliveryJson) => boolean,
): Promise<DeliveryJson> =>
  eventually('the delivery', async () => {
    const [delivery] = await deliveriesOf(base, hook);
    return delivery !== undefined && is(delivery) && delivery;
  });

/** Makes all pending deliveries due now. */
export async function makeDeliveriesDue(databaseUrl: string): Promise<void> {
  const builder = await connect(databaseUrl, { poolSize: 1 });
  await builder.raw("update webhook_deliveries set next_attempt_at = now() where status = 'pending'");
  await builder.destroy();
}

export const PRIVATE = { WEBHOOK_ALLOW_PRIVATE: 'yes' } as const;
