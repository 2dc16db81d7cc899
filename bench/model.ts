// A model without latency, in its own process: an OpenAI-compatible server that echoes the last user message at once.
// It is also the collector of traces. It sends its base URL to its parent process and ends when the parent ends.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Call {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
}

const USAGE = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
let calls = 0;

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of request.setEncoding('utf8') as AsyncIterable<string>) body += part;
  return body;
}

/** Reads traces as a collector does and discards them. */
async function receiveTraces(request: IncomingMessage, response: ServerResponse): Promise<void> {
  await bodyOf(request);
  response.setHeader('content-type', 'application/json');
  response.end('{}');
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/v1/traces') return receiveTraces(request, response);
  const { model, messages, stream } = JSON.parse(await bodyOf(request)) as Call;
  calls += 1;
  const content = `echo: ${messages.findLast(({ role }) => role === 'user')?.content}`;
  const id = `bench-${calls}`;
  if (stream !== true) {
    const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }];
    response.setHeader('content-type', 'application/json');
    return void response.end(
      JSON.stringify({ id, object: 'chat.completion', created: 1, model, choices, usage: USAGE }),
    );
  }
  const chunk = (choices: object[], rest: object = {}) =>
    `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 1, model, choices, ...rest })}\n\n`;
  response.setHeader('content-type', 'text/event-stream');
  response.end(
    chunk([{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }]) +
      chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]) +
      chunk([], { usage: USAGE }) +
      'data: [DONE]\n\n',
  );
}

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => void answer(request, response));
server.listen(0, '127.0.0.1', 2048, () => {
  process.send!({ ready: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` });
});
process.once('disconnect', () => process.exit());
