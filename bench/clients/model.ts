// The model of the benchmark, in its own process: an OpenAI-compatible server that echoes the last user message. It
// sends its base URL to its parent process and ends when the parent ends. The parent sets the delay of a reply.
import { setTimeout as sleep } from 'node:timers/promises';
import { serve, type Received, type Reply } from './http.ts';
import { SLOW_PREFIX } from '../scenarios/shapes.ts';

interface Call {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
}

/** What the parent sends. `calls`: the number of calls so far is sent back. */
export type ModelCommand = { readonly delayMs: number } | { readonly calls: true };

const USAGE = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
/** The delay of messages that start with SLOW_PREFIX. */
const SLOW_MS = 100;
let delayMs = 0;
let calls = 0;

function streamed(id: string, model: string, content: string): Reply {
  const chunk = (choices: object[], rest: object = {}) =>
    `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 1, model, choices, ...rest })}\n\n`;
  const body =
    chunk([{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }]) +
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]) +
    chunk([], { usage: USAGE }) +
    'data: [DONE]\n\n';
  return { status: 200, type: 'text/event-stream', body };
}

async function answer({ body }: Received): Promise<Reply> {
  const { model, messages, stream } = body as Call;
  calls += 1;
  const id = `bench-${calls}`;
  const asked = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const wait = asked.startsWith(SLOW_PREFIX) ? Math.max(delayMs, SLOW_MS) : delayMs;
  if (wait > 0) await sleep(wait);
  const content = `echo: ${asked}`;
  if (stream === true) return streamed(id, model, content);
  const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }];
  return { status: 200, body: { id, object: 'chat.completion', created: 1, model, choices, usage: USAGE } };
}

const { url } = await serve(answer);
process.on('message', (command: ModelCommand) => {
  if ('delayMs' in command) delayMs = command.delayMs;
  process.send!({ calls });
});
process.once('disconnect', () => process.exit());
process.send!({ ready: `${url}/v1` });
