// LangChain for JavaScript with chat completions or responses. The script sends the whole history. With content blocks
// (its output version 1) a streamed reply in the history has a part for each delta.
import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { api, apiKey, baseUrl, messages, model, runSteps } from './steps.mjs';

const chat = new ChatOpenAI({
  model,
  apiKey,
  useResponsesApi: api === 'responses',
  outputVersion: api === 'content blocks' ? 'v1' : 'v0',
  configuration: { baseURL: baseUrl },
});

/** Sends the history and a new message. Returns the new history. */
async function ask(history, content) {
  const conversation = [...history, new HumanMessage(content)];
  return [...conversation, await chat.invoke(conversation)];
}
const replyOf = (history) => ({ reply: history.at(-1).text });

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
    let whole;
    const conversation = [...edited, new HumanMessage(messages.stream)];
    for await (const chunk of await chat.stream(conversation)) {
      if (chunk.text !== '') deltas.push(chunk.text);
      whole = whole ? whole.concat(chunk) : chunk;
    }
    streamed = [...conversation, whole];
    return { ...replyOf(streamed), deltas };
  },
  next: async () => replyOf(await ask(streamed, messages.next)),
});
