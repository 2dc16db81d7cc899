// OpenAI's client for Node with responses. The client names the response that it continues.
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { apiKey, baseUrl, chatSteps, messages, model, runSteps } from './steps.mjs';

const client = new OpenAI({ baseURL: baseUrl, apiKey });
const POLL_MS = 100;
const UNFINISHED = ['queued', 'in_progress'];

const ask = (previous, input, more = {}) =>
  client.responses.create({ model, input, ...(previous && { previous_response_id: previous.id }), ...more });
const textOf = (response) => response.output_text;

async function stream(previous, input) {
  const deltas = [];
  const events = client.responses
    .stream({ model, input, previous_response_id: previous.id })
    .on('response.output_text.delta', ({ delta }) => deltas.push(delta));
  return { chat: await events.finalResponse(), deltas };
}

async function background() {
  const accepted = await ask(undefined, messages.background, { background: true });
  let response = accepted;
  while (UNFINISHED.includes(response.status)) {
    await sleep(POLL_MS);
    response = await client.responses.retrieve(response.id);
  }
  if (response.status !== 'completed') throw new Error(`the response ended as ${response.status}`);
  return { reply: textOf(response), accepted: accepted.status };
}

await runSteps({ ...chatSteps({ ask, stream, textOf }), background });
