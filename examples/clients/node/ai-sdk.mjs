// The AI SDK with its provider for OpenAI (responses and chat completions) and its provider for compatible servers.
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import { api, apiKey, baseUrl, messages, model, runSteps } from './steps.mjs';

const openai = createOpenAI({ baseURL: baseUrl, apiKey });
const compatible = createOpenAICompatible({ name: 'turnkeeper', baseURL: baseUrl, apiKey, includeUsage: true });
const languageModel = {
  responses: () => openai(model),
  'chat completions': () => openai.chat(model),
  compatible: () => compatible(model),
}[api]();

const user = (content) => ({ role: 'user', content });

/** Sends the history and a new message. Returns the reply and the new history. */
async function ask(history, content) {
  const conversation = [...history, user(content)];
  const { text, response } = await generateText({ model: languageModel, messages: conversation });
  return { reply: text, history: [...conversation, ...response.messages] };
}
const replyOf = ({ reply }) => ({ reply });

let first;
let edited;
let streamed;
await runSteps({
  first: async () => replyOf((first = await ask([], messages.first))),
  second: async () => replyOf(await ask(first.history, messages.second)),
  edit: async () => replyOf((edited = await ask(first.history, messages.edit))),
  retry: async () => replyOf((edited = await ask(first.history, messages.retry))),
  stream: async () => {
    const conversation = [...edited.history, user(messages.stream)];
    const result = streamText({ model: languageModel, messages: conversation });
    const deltas = [];
    for await (const delta of result.textStream) deltas.push(delta);
    streamed = [...conversation, ...(await result.response).messages];
    return { reply: await result.text, deltas };
  },
  next: async () => replyOf(await ask(streamed, messages.next)),
});
