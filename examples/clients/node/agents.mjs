// OpenAI's Agents SDK for JavaScript. With chat completions it sends the whole history. With responses the second turn
// sends the history, and later ones name the response that they continue.
import { Agent, OpenAIProvider, Runner, user } from '@openai/agents';
import { api, apiKey, baseUrl, messages, model, runSteps } from './steps.mjs';

const useResponses = api === 'responses';
const runner = new Runner({
  modelProvider: new OpenAIProvider({ baseURL: baseUrl, apiKey, useResponses }),
  tracingDisabled: true,
});
const agent = new Agent({ name: 'Assistant', instructions: 'Answer briefly.', model });

const ask = (previous, text) => runner.run(agent, [...(previous?.history ?? []), user(text)]);
const replyOf = (result) => ({ reply: result.finalOutput });

/** The input and options of a turn after `previous`. */
const after = (previous, text) =>
  useResponses ? [text, { previousResponseId: previous.lastResponseId }] : [[...previous.history, user(text)], {}];

let first;
let edited;
let streamed;
await runSteps({
  first: async () => replyOf((first = await ask(null, messages.first))),
  second: async () => replyOf(await ask(first, messages.second)),
  edit: async () => replyOf((edited = await runner.run(agent, ...after(first, messages.edit)))),
  retry: async () => replyOf((edited = await runner.run(agent, ...after(first, messages.retry)))),
  stream: async () => {
    const [input, options] = after(edited, messages.stream);
    streamed = await runner.run(agent, input, { ...options, stream: true });
    const deltas = [];
    for await (const delta of streamed.toTextStream()) deltas.push(delta);
    await streamed.completed;
    return { ...replyOf(streamed), deltas };
  },
  next: async () => replyOf(await runner.run(agent, ...after(streamed, messages.next))),
});
