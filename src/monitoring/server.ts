// The metrics port: serves metrics and health of a process with any role, without keys. It exposes no data of users,
// but should listen on a private address (docs/operations.md).
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sharedReadiness, type Health } from '../telemetry/health.ts';
import type { Scrape } from '../telemetry/metrics.ts';

export interface MonitorOptions {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  readonly health: Health;
  readonly scrape: Scrape;
}

export interface Monitor {
  readonly url: string;
  stop(): Promise<void>;
}

interface MonitorResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Time limits for receiving a request and for an idle connection. */
const REQUEST_MS = 5_000;
const KEEP_ALIVE_MS = 20_000;

const json = (status: number, body: object): MonitorResponse => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});
const problem = (status: number, title: string, detail: string): MonitorResponse => ({
  ...json(status, { type: 'about:blank', title, status, detail }),
  type: 'application/problem+json',
});

function routesOf({
  health,
  scrape,
}: MonitorOptions): Readonly<Record<string, () => MonitorResponse | Promise<MonitorResponse>>> {
  const readiness = sharedReadiness(health);
  return {
    '/metrics': async () => ({ status: 200, type: scrape.contentType, body: await scrape.text() }),
    '/livez': () => json(200, { status: 'alive' }),
    '/readyz': async () => {
      const { ready, draining, up } = await readiness();
      return json(ready ? 200 : 503, { status: ready ? 'ready' : 'unready', draining, up });
    },
  };
}

function send(response: ServerResponse, { status, type, body }: MonitorResponse, withBody: boolean): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(withBody ? body : undefined);
}

const urlOf = (host: string, port: number) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Starts the server. Rejects with a clear message if it cannot listen. */
export async function startMonitor(options: MonitorOptions): Promise<Monitor> {
  const { host, port } = options;
  const routes = routesOf(options);
  const paths = Object.keys(routes).join(', ');
  const respond = async (method: string, path: string): Promise<MonitorResponse> => {
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route) return problem(404, 'Not Found', `The available paths are ${paths}.`);
    if (method !== 'GET' && method !== 'HEAD')
      return problem(405, 'Method Not Allowed', 'Only GET and HEAD are allowed.');
    try {
      return await route();
    } catch {
      return problem(500, 'Internal Server Error', 'The response could not be produced.');
    }
  };
  const server = createServer({ requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const { method = 'GET', url = '/' } = request;
    // A request body is read and discarded.
    request.resume();
    void respond(method, url.split('?')[0]!).then((result) => send(response, result, method !== 'HEAD'));
  });
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE'
          ? 'another process listens on this port; stop it, or set METRICS_PORT'
          : error.message;
      reject(new Error(`cannot listen for metrics on ${host}:${port}: ${reason}`, { cause: error }));
    });
    server.listen({ port, host }, () => resolve(server.address() as AddressInfo));
  });
  return {
    url: urlOf(host, address.port),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
