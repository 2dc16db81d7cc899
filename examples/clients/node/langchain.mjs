// LangChain for JavaScript with chat completions or responses. The script sends the whole history. With content blocks
// (its output version 1) a streamed reply in the history has a part for each delta.
import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { api, apiKey, baseUrl, chatSteps, model, runSteps } from './steps.mjs';

const chat = new ChatOpenAI({
  model,
  apiKey,
  useResponsesApi: api === 'responses',
  outputVersion: api === 'content blocks' ? 'v1' : 'v0',
  configuration: { baseURL: baseUrl },
});

/** Sends the history and a new message. Returns the new history. */
async function ask(history = [], content) {
  const conversation = [...history, new HumanMessage(content)];
  return [...conversation, await chat.invoke(conversation)];
}

async function stream(history, content) {
  const deltas = [];
  let whole;
  const conversation = [...history, new HumanMessage(content)];
  for await (const chunk of await chat.stream(conversation)) {
    if (chunk.text !== '') deltas.push(chunk.text);
    whole = whole ? whole.concat(chunk) : chunk;
  }
  return { chat: [...conversation, whole], deltas };
}

await runSteps(chatSteps({ ask, stream, textOf: (history) => history.at(-1).text }));
