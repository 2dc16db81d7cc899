// An HTTP client with connections that are kept, and a small JSON server. Without fetch, whose own CPU cost would
// dominate the measurement.
import { Agent, createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
/** Longer than any pause between two loads, so that no kept connection is closed while a request is being sent. */
const KEEP_ALIVE_MS = 120_000;
const BACKLOG = 2048;
const SHOWN_CHARACTERS = 200;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Splits an address such as http://127.0.0.1:8080/path. Cheaper than parsing it as a URL. */
function addressOf(url: string): { host: string; port: string; path: string } {
  const slash = url.indexOf('/', 'http://'.length);
  const [host, port] = url.slice('http://'.length, slash).split(':');
  return { host: host!, port: port!, path: url.slice(slash) };
}

/** Sends a request and reads the whole response, whatever its status. Rejects if the connection fails. */
export function send(
  method: string,
  url: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const ofBody =
      text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const target = { ...addressOf(url), agent, method, headers: { ...headers, ...ofBody } };
    const sent = request(target, (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (part: string) => (received += part));
      response.once('error', reject).once('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, text: received });
      });
    });
    sent.once('error', reject).end(text);
  });
}

/** Sends a request and parses the response. Rejects if its status is not `status`. */
export async function call<T>(
  method: string,
  url: string,
  status: number,
  body?: object,
  headers?: Record<string, string>,
): Promise<T> {
  const answer = await send(method, url, body, headers);
  if (answer.status !== status)
    throw new Error(`${method} ${new URL(url).pathname}: ${answer.status} ${answer.text.slice(0, SHOWN_CHARACTERS)}`);
  return JSON.parse(answer.text) as T;
}

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Null: the request has no body. */
  readonly body: unknown;
}

export interface Reply {
  readonly status: number;
  readonly body: object | string;
  /** Default: JSON. */
  readonly type?: string;
}

/** Serves on a free port of 127.0.0.1. Resolves with the base URL. A rejection of `handle` is answered 500. */
export function serve(handle: (request: Received) => Promise<Reply>): Promise<{ server: Server; url: string }> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, response) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
    incoming.once('end', () => {
      const { method, url, headers } = incoming;
      const body: unknown = text === '' ? null : JSON.parse(text);
      const answered = handle({ method: method!, path: url!, headers, body }).catch((error: Error): Reply => ({
        status: 500,
        body: { detail: error.message },
      }));
      void answered.then(({ status, body, type = 'application/json' }) => {
        const sent = typeof body === 'string' ? body : JSON.stringify(body);
        response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(sent) }).end(sent);
      });
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', BACKLOG, () => {
      resolve({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    });
  });
}
