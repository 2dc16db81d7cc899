// The AI SDK with its provider for OpenAI (responses and chat completions) and its provider for compatible servers.
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import { api, apiKey, baseUrl, chatSteps, model, runSteps } from './steps.mjs';

const openai = createOpenAI({ baseURL: baseUrl, apiKey });
const compatible = createOpenAICompatible({ name: 'turnkeeper', baseURL: baseUrl, apiKey, includeUsage: true });
const languageModel = {
  responses: () => openai(model),
  'chat completions': () => openai.chat(model),
  compatible: () => compatible(model),
}[api]();

const user = (content) => ({ role: 'user', content });

/** Sends the history and a new message. Returns the reply and the new history. */
async function ask({ history } = { history: [] }, content) {
  const conversation = [...history, user(content)];
  const { text, response } = await generateText({ model: languageModel, messages: conversation });
  return { reply: text, history: [...conversation, ...response.messages] };
}

async function stream({ history }, content) {
  const conversation = [...history, user(content)];
  const result = streamText({ model: languageModel, messages: conversation });
  const deltas = [];
  for await (const delta of result.textStream) deltas.push(delta);
  const { messages: answer } = await result.response;
  return { chat: { reply: await result.text, history: [...conversation, ...answer] }, deltas };
}

await runSteps(chatSteps({ ask, stream, textOf: ({ reply }) => reply }));
