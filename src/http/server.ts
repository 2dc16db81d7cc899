// The ingress: a Koa server made from the table of operations.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import type { ApiKey } from '../config.ts';
import type { Log } from '../log.ts';
import { callerFinder } from './access.ts';
import { callerOf, originCheck, problems, type RequestState } from './middleware.ts';
import { operationsOf } from './operations.ts';
import { routesOf } from './routes.ts';
import type { Services } from './services.ts';

/** Above the 60 s that a proxy in front usually keeps a connection. */
const KEEP_ALIVE_MS = 65_000;

export interface IngressSettings {
  readonly host: string;
  readonly port: number;
  readonly auth: 'none' | 'keys';
  readonly apiKeys: readonly ApiKey[];
}

export interface IngressOptions {
  readonly services: Services;
  readonly settings: IngressSettings;
  readonly version: string;
  readonly log: Log;
  readonly observe: (route: string, method: string, status: number, seconds: number) => void;
}

export interface Ingress {
  readonly url: string;
  /** Ends long-polls with the turn as it is, closes idle connections, and the rest after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

/** Starts to listen. Rejects where the address is taken. */
export async function startIngress({ services, settings, version, log, observe }: IngressOptions): Promise<Ingress> {
  const stopping = new AbortController();
  const find = settings.auth === 'keys' ? callerFinder(settings.apiKeys) : null;
  const app = new Koa<RequestState>();
  app.on('error', (error: Error & { code?: string }) => {
    // A client that hangs up is no error.
    if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET')
      log.error({ err: error }, 'An answer could not be sent.');
  });
  app.use(problems(log, observe));
  app.use(originCheck(settings.host));
  for (const middleware of routesOf(operationsOf(services, version), {
    callerOf: callerOf(find),
    stopping: stopping.signal,
  }))
    app.use(middleware);

  const handle = app.callback();
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => void handle(request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? new Error(`PORT: ${settings.host}:${settings.port} is in use; stop what listens there or set PORT`)
          : error,
      );
    });
    server.listen(settings.port, settings.host, 2_048, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = settings.host.includes(':') && !settings.host.startsWith('[') ? `[${settings.host}]` : settings.host;
  return {
    url: `http://${host}:${port}`,
    async stop(deadlineMs) {
      stopping.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
