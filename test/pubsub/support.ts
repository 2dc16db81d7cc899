// Other services that use the same pub/sub, each with its own daprd: a subscriber in the test process, or a program.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startChild, type Child } from '../../local/child.ts';
import { redisSecrets } from '../../local/dapr.ts';
import { freePort } from '../../local/ports.ts';
import { daprBinaries } from '../support/app.ts';
import { eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { Owner } from '../support/owner.ts';

const APP_ID = 'outsider';
export const COMPONENTS = new URL('../../components', import.meta.url).pathname;

/** The pub/sub component of such a service: without scopes, and with short redelivery times. */
const component = (redisUrl: string) => {
  const { hostname, port, password, pathname } = new URL(redisUrl);
  const metadata = {
    redisHost: `${hostname}:${port}`,
    redisPassword: password,
    redisDB: pathname.slice(1) || '0',
    processingTimeout: '1000',
    redeliverInterval: '500',
  };
  return JSON.stringify({
    apiVersion: 'dapr.io/v1alpha1',
    kind: 'Component',
    metadata: { name: 'pubsub' },
    spec: {
      type: 'pubsub.redis',
      version: 'v1',
      metadata: Object.entries(metadata).map(([name, value]) => ({ name, value })),
    },
  });
};

export interface Daprd {
  readonly httpPort: number;
  readonly child: Child;
}

interface DaprdOptions {
  readonly appId: string;
  readonly appPort: number;
  readonly redisUrl: string;
  /** Folder of the components; absent: a component without scopes. */
  readonly components?: string;
  /** File with its configuration. */
  readonly config?: string;
}

/** Starts a daprd for a service. It is stopped when the test ends. */
export async function startDaprd(t: Owner, options: DaprdOptions): Promise<Daprd> {
  const { appId, appPort, redisUrl, components, config } = options;
  const dataDir = temporaryFolder(t);
  let resources = components;
  if (resources === undefined) {
    resources = join(dataDir, 'components');
    mkdirSync(resources);
    writeFileSync(join(resources, 'pubsub.yaml'), component(redisUrl));
  }
  const httpPort = await freePort();
  const flags = {
    'app-id': appId,
    'app-port': appPort,
    'app-channel-address': '127.0.0.1',
    'dapr-http-port': httpPort,
    'dapr-grpc-port': await freePort(),
    'dapr-internal-grpc-port': await freePort(),
    'dapr-listen-addresses': '127.0.0.1',
    'dapr-internal-grpc-listen-address': '127.0.0.1',
    'resources-path': resources,
    'enable-metrics': false,
    ...(config !== undefined && { config }),
  };
  const child = await startChild({
    name: `daprd-${appId}`,
    dataDir,
    command: daprBinaries!.daprd,
    args: Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    env: { DAPR_HOST_IP: '127.0.0.1', ...redisSecrets(redisUrl) },
    ready: async () => (await fetch(`http://127.0.0.1:${httpPort}/v1.0/healthz/outbound`)).ok,
  });
  t.teardown(() => child.stop());
  return { httpPort, child };
}

export interface ReceivedEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly specversion: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Outsider {
  /** All received events, including repeated deliveries. */
  readonly received: readonly { readonly topic: string; readonly event: ReceivedEvent }[];
  ofTopic(topic: string): ReceivedEvent[];
  /** Publishes to a topic. Rejects if daprd does not accept it. */
  publish(topic: string, body: unknown, contentType?: string, query?: string): Promise<void>;
  /** Kills the daprd of the service with SIGKILL and starts another one. */
  crash(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

/** Waits until the topics have the service's consumer group. If the broker ends before that, daprd never subscribes. */
async function subscribed(t: Owner, redisUrl: string, topics: readonly string[]): Promise<void> {
  const redis = new Redis(redisUrl);
  t.teardown(() => redis.disconnect());
  redis.on('error', () => {}); // Some tests stop their broker.
  for (const topic of topics) {
    await eventually(`${APP_ID} subscribed to ${topic}`, async () => {
      const groups = await redis.xinfo('GROUPS', topic).catch(() => []);
      return (groups as unknown[][]).some((group) => group.includes(APP_ID));
    });
  }
}

/** Starts a service that subscribes to `topics` and accepts every event. */
export async function startOutsider(t: Owner, redisUrl: string, topics: readonly string[] = []): Promise<Outsider> {
  const received: { topic: string; event: ReceivedEvent }[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/dapr/subscribe') {
        return response.end(
          JSON.stringify(topics.map((topic) => ({ pubsubname: 'pubsub', topic, route: `/on/${topic}` }))),
        );
      }
      const [, topic] = /^\/on\/(.+)$/.exec(request.url ?? '') ?? [];
      if (topic === undefined) return response.writeHead(404).end();
      received.push({ topic, event: JSON.parse(body) as ReceivedEvent });
      response.end('{"status":"SUCCESS"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const options = { appId: APP_ID, appPort: (server.address() as AddressInfo).port, redisUrl };
  let daprd = await startDaprd(t, options);
  await subscribed(t, redisUrl, topics);
  return {
    received,
    ofTopic: (topic) => received.filter((each) => each.topic === topic).map(({ event }) => event),
    async publish(topic, body, contentType = 'application/cloudevents+json', query = '') {
      const response = await fetch(`http://127.0.0.1:${daprd.httpPort}/v1.0/publish/pubsub/${topic}${query}`, {
        method: 'POST',
        headers: { 'content-type': contentType },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    },
    async crash() {
      daprd.child.kill('SIGKILL');
      await daprd.child.exited;
      daprd = await startDaprd(t, options);
    },
  };
}

/** The sum of a counter over all series whose line contains `labels`. */
export async function metricOf(url: string, name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
