// OpenAI's client for Node with chat completions. The client sends the whole history.
import OpenAI from 'openai';
import { apiKey, baseUrl, messages, model, runSteps } from './steps.mjs';

const client = new OpenAI({ baseURL: baseUrl, apiKey });
const user = (content) => ({ role: 'user', content });

/** Sends the history and a new message. Returns the new history. */
async function ask(history, content) {
  const conversation = [...history, user(content)];
  const completion = await client.chat.completions.create({ model, messages: conversation });
  return [...conversation, completion.choices[0].message];
}
const replyOf = (history) => ({ reply: history.at(-1).content });

let first;
let edited;
let streamed;
await runSteps({
  first: async () => replyOf((first = await ask([], messages.first))),
  second: async () => replyOf(await ask(first, messages.second)),
  edit: async () => replyOf((edited = await ask(first, messages.edit))),
  retry: async () => replyOf((edited = await ask(first, messages.retry))),
  stream: async () => {
    const deltas = [];
    const conversation = [...edited, user(messages.stream)];
    const stream = client.chat.completions
      .stream({ model, messages: conversation, stream_options: { include_usage: true } })
      .on('content', (delta) => deltas.push(delta));
    streamed = [...conversation, await stream.finalMessage()];
    return { ...replyOf(streamed), deltas };
  },
  next: async () => replyOf(await ask(streamed, messages.next)),
});
