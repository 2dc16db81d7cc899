// The ingress: one HTTP server over the table of operations, and how it stops.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import type { Log } from '../telemetry/log.ts';
import { answerAll, type AnswerDeps } from './answer.ts';
import { authenticateBy, authenticateNobody, type Authenticator } from './auth/authenticate.ts';
import { authenticateByKey, type KeyEntry } from './auth/authenticate-by-key.ts';
import { authenticateByToken, type TokenRules } from './auth/authenticate-by-token.ts';
import { boardRoutes, type Board } from './endpoints/board.ts';
import { foreignOriginCheck, type ForeignOrigin } from './auth/foreign-origin.ts';
import { answerMalformed } from './malformed-http.ts';
import { OpenWaits } from './open-waits.ts';
import { OWN_NAME } from './openai/models.ts';
import { operationsOf } from './operations.ts';
import { Problem } from './problem.ts';
import { routesOf, type RequestState } from './router.ts';
import type { Services } from './services.ts';

export interface IngressSettings {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly auth: Authenticator['auth'];
  /** For `keys`. */
  readonly apiKeys: readonly KeyEntry[];
  /** For `keys`: signs sessions; random, and the same at every ingress. */
  readonly sessionSecret?: Uint8Array | undefined;
  /** For `jwt`. */
  readonly tokens?: TokenRules | undefined;
  /** Further names under which a loopback address is reached, as behind a reverse proxy on the same machine. */
  readonly hostNames?: readonly string[];
}

export interface IngressOptions {
  readonly services: Services;
  readonly settings: IngressSettings;
  /** The queue board; absent: there is none. */
  readonly board?: Board | undefined;
  readonly log: Log;
  readonly version?: string;
  /** Milliseconds after which a client that takes nothing of a stream is cut off. */
  readonly stalledMs?: number;
  /** The configured model's name; absent: clients know it as turnkeeper only. */
  readonly model?: string;
  readonly observe?: AnswerDeps['observe'];
}

export interface Ingress {
  readonly url: string;
  readonly port: number;
  /** Takes no more connections, ends waits with what there is, lets running requests end, and cuts off what has not
   *  ended after `deadlineMs`. Callers share one stop. */
  stop(deadlineMs: number): Promise<void>;
}

/** Longer than proxies keep an idle connection (60 s mostly): they close it, not we while they send on it. */
const KEEP_ALIVE_MS = 72_000;
/** Of a stream, on which something is sent every 15 s. */
const STALLED_MS = 120_000;
/** A whole request must have arrived by then. */
const REQUEST_MS = 30_000;

/** Connections that may wait to be taken: a deployment behind us sends all its readers at once. */
const BACKLOG = 4_096;

const GONE = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNABORTED']);

/** Refuses what is not meant for us, and paths that cannot be read. */
function guard(foreign: ForeignOrigin): Koa.Middleware<RequestState> {
  return (ctx, next) => {
    const what = foreign(ctx.get('host'), ctx.headers.origin);
    if (what) throw new Problem('foreign_origin', `The ${what} of this request is not ours.`);
    try {
      decodeURIComponent(ctx.path);
    } catch {
      throw new Problem('malformed_path', 'Percent-encode the path as UTF-8.');
    }
    return next();
  };
}

function authenticatorOf({ auth, apiKeys, sessionSecret, tokens }: IngressSettings): Authenticator {
  switch (auth) {
    case 'none':
      return authenticateNobody;
    case 'keys':
      if (!sessionSecret) throw new Error('keys need a secret for their sessions');
      return authenticateByKey(apiKeys, sessionSecret);
    case 'jwt':
      if (!tokens) throw new Error('tokens need rules');
      return authenticateByToken(tokens);
  }
}

function listen(server: Server, { host, port }: IngressSettings): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const why = error.code === 'EADDRINUSE' ? 'something else listens there; stop it, or set PORT' : error.message;
      reject(new Error(`cannot listen on ${host}:${port}: ${why}`, { cause: error }));
    };
    server.once('error', failed);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', failed);
      resolve(server.address() as AddressInfo);
    });
  });
}

function stopServer(server: Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function urlOf(host: string, { port, family }: AddressInfo): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return host.includes(':') && !host.startsWith('[') && family === 'IPv6'
    ? `http://[${host}]:${port}`
    : `http://${host}:${port}`;
}

/** Listens, and answers by the table of operations. Rejects with a clear message where it cannot listen. */
export async function startIngress(options: IngressOptions): Promise<Ingress> {
  const {
    services,
    settings,
    log,
    version = '0.0.0',
    stalledMs = STALLED_MS,
    model = OWN_NAME,
    observe = () => {},
  } = options;
  const waits = new OpenWaits();
  let stopped: Promise<void> | undefined;

  const app = new Koa<RequestState>();
  const authenticator = authenticatorOf(settings);
  const authenticate = authenticateBy(authenticator);
  app.use(answerAll({ log, observe, stopping: () => stopped !== undefined }));
  app.use(guard(foreignOriginCheck(settings.host, settings.hostNames)));
  if (options.board) app.use(boardRoutes(options.board, authenticate));
  app.use(routesOf(operationsOf(services, { version, model, authenticator }), { authenticate, waits, stalledMs }));
  // What comes here happened on the socket, after or besides an answer.
  app.on('error', (error: NodeJS.ErrnoException) => {
    if (GONE.has(error.code ?? '')) log.debug({ code: error.code }, 'A client has gone.');
    else log.error({ err: error }, 'An answer could not be sent.');
  });

  const handle = app.callback();
  const server = createServer({ requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    // It never rejects: Koa answers for its own errors.
    void handle(request, response);
  });
  server.on('clientError', answerMalformed);
  const address = await listen(server, settings);
  return {
    url: urlOf(settings.host, address),
    port: address.port,
    stop: (deadlineMs) => {
      stopped ??= stopServer(server, deadlineMs);
      waits.endAll();
      return stopped;
    },
  };
}
