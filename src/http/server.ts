// The ingress: an HTTP server for the table of operations.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import type { AssistantSource } from '../domain/assistants/assistant.ts';
import type { Log } from '../telemetry/log.ts';
import { answerAll, type ResponseDeps } from './answer.ts';
import { authenticateBy, noAuthentication, type Authenticator } from './auth/authenticate.ts';
import type { ApiKey } from '../config/settings.ts';
import { authenticateByKey } from './auth/authenticate-by-key.ts';
import { authenticateByToken, type TokenRules } from './auth/authenticate-by-token.ts';
import { boardRoutes, type Board } from './endpoints/board.ts';
import { foreignOriginCheck, type ForeignOrigin } from './auth/foreign-origin.ts';
import { answerMalformed } from './malformed-http.ts';
import { OpenWaits } from './open-waits.ts';
import { operationsOf } from './operations.ts';
import { Problem } from './problem.ts';
import { routesOf, type RequestState } from './router.ts';
import type { Services } from './services.ts';

export interface IngressSettings {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  readonly auth: Authenticator['auth'];
  /** For `auth: 'keys'`. */
  readonly apiKeys: readonly ApiKey[];
  /** For `auth: 'keys'`: the random secret that signs sessions. It is the same at every ingress. */
  readonly sessionSecret?: Uint8Array | undefined;
  /** For `auth: 'jwt'`. */
  readonly tokens?: TokenRules | undefined;
  /** Further allowed host names on a loopback address, for example behind a reverse proxy on the same machine. */
  readonly hostNames?: readonly string[];
  /** The text that stands for a reply that awaits review. Missing: the default text. */
  readonly heldText?: string | undefined;
  /** The trusted header that names the user below /v1. Missing: none. */
  readonly userHeader?: string | undefined;
}

export interface IngressOptions {
  readonly services: Services;
  readonly settings: IngressSettings;
  /** The queue board. Missing: the ingress serves none. */
  readonly board?: Board | undefined;
  readonly log: Log;
  readonly version?: string;
  /** Milliseconds after which a client that reads nothing from a stream is disconnected. */
  readonly stalledMs?: number;
  readonly assistants: AssistantSource;
  readonly observe?: ResponseDeps['observe'];
}

export interface Ingress {
  readonly url: string;
  readonly port: number;
  /** Closes the server for new connections, ends waits with the current state, lets running requests finish, and closes
   *  their connections after `deadlineMs`. Concurrent callers share one stop. */
  stop(deadlineMs: number): Promise<void>;
}

/** Longer than proxies keep an idle connection (typically 60 s), so that the proxy closes it. If the server closed it, the
 *  proxy could be sending a request at the same moment. */
const KEEP_ALIVE_MS = 72_000;
/** For streams, which send a heartbeat at least every 15 s. */
const STALLED_MS = 120_000;
/** The time within which a whole request must be received. */
const REQUEST_MS = 30_000;

/** Length of the accept queue: all readers of a restarted ingress reconnect at the same time. */
const BACKLOG = 4_096;

const DISCONNECT_CODES = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNABORTED']);

/** Rejects requests with a foreign Host or Origin, and paths that cannot be decoded. */
function guard(foreign: ForeignOrigin): Koa.Middleware<RequestState> {
  return (ctx, next) => {
    const header = foreign(ctx.get('host'), ctx.headers.origin);
    if (header) throw new Problem('foreign_origin', `The ${header} header of the request is not allowed.`);
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
      return noAuthentication;
    case 'keys':
      if (!sessionSecret) throw new Error('auth keys requires a session secret');
      return authenticateByKey(apiKeys, sessionSecret);
    case 'jwt':
      if (!tokens) throw new Error('auth jwt requires token rules');
      return authenticateByToken(tokens);
  }
}

function listen(server: Server, { host, port }: IngressSettings): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const why =
        error.code === 'EADDRINUSE' ? 'another process listens on this port; stop it, or set PORT' : error.message;
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

/** Starts the ingress. Rejects with a message for the operator if it cannot listen. */
export async function startIngress(options: IngressOptions): Promise<Ingress> {
  const {
    services,
    settings,
    log,
    version = '0.0.0',
    stalledMs = STALLED_MS,
    assistants,
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
  const operations = operationsOf(services, {
    version,
    assistants,
    heldText: settings.heldText,
    authenticator,
  });
  app.use(routesOf(operations, { authenticate, waits, stalledMs, userHeader: settings.userHeader }));
  // The middleware handles errors of requests; these are errors of the socket, also after the response has started.
  app.on('error', (error: NodeJS.ErrnoException) => {
    if (DISCONNECT_CODES.has(error.code ?? '')) log.debug({ code: error.code }, 'The client disconnected.');
    else log.error({ err: error }, 'Could not send the response.');
  });

  const handle = app.callback();
  const server = createServer({ requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    // Never rejects: Koa handles its own errors.
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
