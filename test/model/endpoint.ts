// A model endpoint whose tests write the bytes of its responses, and which counts its connections.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  NO_PARAMETERS,
  NO_TRAITS,
  type EndpointTraits,
  type Parameters,
} from '../../src/domain/assistants/assistant.ts';
import { clientOf } from '../../src/model/openai-client.ts';
import { OpenAiModel } from '../../src/model/openai-model.ts';
import { EndpointProfile } from '../../src/model/profile.ts';
import { eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';

export interface Call {
  readonly headers: IncomingMessage['headers'];
  readonly path: string;
  readonly body: string;
}

export interface Endpoint {
  readonly origin: string;
  readonly calls: readonly Call[];
  /** Every connection so far. */
  readonly connections: readonly Socket[];
  /** Resolves when the client has closed every connection. */
  allClosed(): Promise<unknown>;
}

/** Starts the server. `answer` writes the response of each call. */
export async function startEndpoint(
  t: Owner,
  answer: (response: ServerResponse, call: Call) => unknown,
  host = '127.0.0.1',
): Promise<Endpoint> {
  const calls: Call[] = [];
  const connections: Socket[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      const call = { headers: request.headers, path: request.url!, body: Buffer.concat(parts).toString() };
      calls.push(call);
      await answer(response, call);
    })();
  });
  server.on('connection', (socket) => connections.push(socket));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    calls,
    connections,
    allClosed: () =>
      eventually('the connections are closed', async () => connections.every(({ destroyed }) => destroyed)),
  };
}

interface ModelOptions {
  readonly timeoutS?: number;
  readonly onLearned?: (what: string) => void;
  readonly apiKey?: string | undefined;
  readonly traits?: Partial<EndpointTraits>;
  readonly parameters?: Parameters;
}

/** A model at the endpoint. */
export function modelAt(origin: string, options: ModelOptions = {}): OpenAiModel {
  const { timeoutS = 10, onLearned = () => {}, apiKey = 'secret', traits, parameters = NO_PARAMETERS } = options;
  return new OpenAiModel({
    client: clientOf({ baseUrl: `${origin}/v1`, apiKey, timeoutS }),
    timeoutS,
    profile: new EndpointProfile(onLearned),
    model: 'm',
    isOpenAi: false,
    traits: { ...NO_TRAITS, ...traits },
    parameters,
  });
}

/** A request whose deltas are collected. */
export function request(signal: AbortSignal = new AbortController().signal) {
  const deltas: string[] = [];
  return {
    messages: [{ role: 'user', content: 'hello' }],
    signal,
    deltas,
    onDelta: (text: string) => void deltas.push(text),
  } as const;
}

/** The JSON of a chunk with this text; `finish`: it is the last one with text. */
export const chunk = (content: string, finish = false): string =>
  JSON.stringify({ model: 'm', choices: [{ delta: { content }, finish_reason: finish ? 'stop' : null }] });

/** The event of a chunk. */
export const event = (content: string, finish = false): string => `data: ${chunk(content, finish)}\n\n`;

export const DONE = 'data: [DONE]\n\n';

/** Starts a stream with these events, and leaves it open. */
export function stream(response: ServerResponse, ...parts: readonly (string | Uint8Array)[]): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const part of parts) response.write(part);
  return response;
}
