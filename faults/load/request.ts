// HTTP requests of clients: with a time limit, because a frozen process gives no answer.
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface RequestOptions {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds until the whole answer is there. */
  readonly timeoutMs: number;
}

/** Sends a request. Rejects if the connection fails or the time is over. */
export function request(method: string, url: string, options: RequestOptions): Promise<Answer> {
  const { body, headers = {}, timeoutMs } = options;
  const text = body === undefined ? '' : JSON.stringify(body);
  const ofBody =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { agent, method, headers: { ...headers, ...ofBody } }, (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (part: string) => (received += part));
      response.once('error', reject);
      // A stream that breaks ends without `end`.
      response.once('close', () => {
        if (response.complete) resolve({ status: response.statusCode!, headers: response.headers, text: received });
        else reject(new Error('the connection broke'));
      });
    });
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    sent.once('close', () => clearTimeout(timer));
    sent.once('error', reject).end(text);
  });
}
