// OpenAI's client for Node with responses. The client names the response that it continues.
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { apiKey, baseUrl, messages, model, runSteps } from './steps.mjs';

const client = new OpenAI({ baseURL: baseUrl, apiKey });
const POLL_MS = 100;
const UNFINISHED = ['queued', 'in_progress'];

const ask = (previous, input, more = {}) =>
  client.responses.create({ model, input, ...(previous && { previous_response_id: previous.id }), ...more });
const replyOf = (response) => ({ reply: response.output_text });

let first;
let edited;
let streamed;
await runSteps({
  first: async () => replyOf((first = await ask(null, messages.first))),
  second: async () => replyOf(await ask(first, messages.second)),
  edit: async () => replyOf((edited = await ask(first, messages.edit))),
  retry: async () => replyOf((edited = await ask(first, messages.retry))),
  stream: async () => {
    const deltas = [];
    const stream = client.responses
      .stream({ model, input: messages.stream, previous_response_id: edited.id })
      .on('response.output_text.delta', ({ delta }) => deltas.push(delta));
    streamed = await stream.finalResponse();
    return { ...replyOf(streamed), deltas };
  },
  next: async () => replyOf(await ask(streamed, messages.next)),
  background: async () => {
    const accepted = await ask(null, messages.background, { background: true });
    let response = accepted;
    while (UNFINISHED.includes(response.status)) {
      await sleep(POLL_MS);
      response = await client.responses.retrieve(response.id);
    }
    if (response.status !== 'completed') throw new Error(`the response ended as ${response.status}`);
    return { ...replyOf(response), accepted: accepted.status };
  },
});
