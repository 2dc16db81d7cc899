// OpenAI's client for Node with chat completions. The client sends the whole history.
import OpenAI from 'openai';
import { apiKey, baseUrl, chatSteps, model, runSteps } from './steps.mjs';

const client = new OpenAI({ baseURL: baseUrl, apiKey });
const user = (content) => ({ role: 'user', content });

/** Sends the history and a new message. Returns the new history. */
async function ask(history = [], content) {
  const conversation = [...history, user(content)];
  const completion = await client.chat.completions.create({ model, messages: conversation });
  return [...conversation, completion.choices[0].message];
}

async function stream(history, content) {
  const deltas = [];
  const conversation = [...history, user(content)];
  const events = client.chat.completions
    .stream({ model, messages: conversation, stream_options: { include_usage: true } })
    .on('content', (delta) => deltas.push(delta));
  return { chat: [...conversation, await events.finalMessage()], deltas };
}

await runSteps(chatSteps({ ask, stream, textOf: (history) => history.at(-1).content }));
