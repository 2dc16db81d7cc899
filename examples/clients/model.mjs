// A model server for this example. Its replies repeat the user's message, and it remembers each prompt, so that the checks
// can compare the history that the model saw with the history that the client showed.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export const MODEL = 'echo';
const WORD_MS = 15;
/** Appended to the reply to a message with `at length`, so that it arrives in many pieces. */
const LONG = Array.from({ length: 40 }, (_, number) => `word-${number}`).join(' ');

/** The reply to a message. */
export const replyTo = (message) => `You said: ${message}${message.includes('at length') ? ` ${LONG}` : ''}`;

/** Starts the server on a free port. `takePrompts()` returns the prompts since the last call, without system messages. */
export async function startModel() {
  let prompts = [];
  const handle = async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { messages } = JSON.parse(Buffer.concat(parts).toString());
    const prompt = messages.filter(({ role }) => role !== 'system').map(({ content }) => content);
    prompts.push(prompt);
    await answer(response, replyTo(prompt.at(-1)));
  };
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${server.address().port}/v1`,
    takePrompts() {
      const taken = prompts;
      prompts = [];
      return taken;
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Streams the text word by word. */
async function answer(response, text) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (members) => {
    const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: MODEL, ...members };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  for (const content of text.split(/(?<= )/)) {
    send({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
    await sleep(WORD_MS);
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  send({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
  response.end('data: [DONE]\n\n');
}
