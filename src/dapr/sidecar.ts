// The client of the daprd sidecar: its HTTP API over kept connections. The SDK's client costs more than twice the CPU
// of a call (docs/decisions/0032-sidecar-client.md).
import { Agent, request, type IncomingMessage } from 'node:http';
import { TimedOut } from '../concurrency/within.ts';

export interface SidecarAddress {
  /** HTTP port of daprd on loopback. */
  readonly httpPort: number;
  readonly apiToken: string | undefined;
}

export interface SidecarRequest {
  /** Body; missing: none. */
  readonly body?: string;
  /** Content type of the body. Default: JSON. */
  readonly contentType?: string;
  /** The position in a trace, which daprd passes on. */
  readonly traceparent?: string | null;
  /** Ends the request. */
  readonly signal?: AbortSignal;
}

export interface SidecarResponse {
  readonly status: number;
  readonly text: string;
}

export const DAPR_HOST = '127.0.0.1';

/** Longer than any caller waits: ending a call that waits for its actor makes some versions of Dapr run two calls of the
 *  actor at once (docs/decisions/0032-sidecar-client.md). */
const SILENCE_MS = 60_000;

/** Whether daprd did what it was asked to do. */
export const isSuccess = ({ status }: SidecarResponse): boolean => status >= 200 && status < 300;

function textOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      text += part;
    });
    response.on('end', () => resolve(text));
    response.on('error', reject);
  });
}

/** Its idle connections do not keep the process alive, so it needs no stop. */
export class SidecarClient {
  readonly #agent: Agent;
  readonly #port: number;
  readonly #token: Readonly<Record<string, string>>;

  /** `silenceMs`: the time after which a request without an answer ends. */
  constructor({ httpPort, apiToken }: SidecarAddress, silenceMs = SILENCE_MS) {
    this.#agent = new Agent({ keepAlive: true, timeout: silenceMs });
    this.#port = httpPort;
    this.#token = apiToken === undefined ? {} : { 'dapr-api-token': apiToken };
  }

  /** Returns daprd's response, whatever its status. Rejects if there is none. */
  send(method: 'GET' | 'POST', path: string, options: SidecarRequest = {}): Promise<SidecarResponse> {
    const { body, contentType = 'application/json', traceparent, signal } = options;
    const headers = {
      ...this.#token,
      ...(body !== undefined && { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }),
      ...(typeof traceparent === 'string' && { traceparent }),
    };
    return new Promise((resolve, reject) => {
      const target = { host: DAPR_HOST, port: this.#port, method, path, headers };
      const call = request({ ...target, agent: this.#agent, ...(signal && { signal }) });
      call.on('error', reject);
      call.on('timeout', () => call.destroy(new TimedOut('daprd does not answer')));
      call.on('response', (response) => {
        textOf(response).then((text) => resolve({ status: response.statusCode!, text }), reject);
      });
      call.end(body);
    });
  }
}
