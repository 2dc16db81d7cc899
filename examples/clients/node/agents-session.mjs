// OpenAI's Agents SDK for JavaScript with a session, which keeps the history and sends it with each turn.
import { Agent, MemorySession, OpenAIProvider, Runner } from '@openai/agents';
import { apiKey, baseUrl, messages, model, runSteps } from './steps.mjs';

const runner = new Runner({ modelProvider: new OpenAIProvider({ baseURL: baseUrl, apiKey }), tracingDisabled: true });
const agent = new Agent({ name: 'Assistant', instructions: 'Answer briefly.', model });
const session = new MemorySession();

const ask = async (text) => ({ reply: (await runner.run(agent, text, { session })).finalOutput });

/** Removes the last message and its reply from the history, and asks something else. */
async function askInstead(text) {
  await session.popItem();
  await session.popItem();
  return ask(text);
}

await runSteps({
  first: () => ask(messages.first),
  second: () => ask(messages.second),
  edit: () => askInstead(messages.edit),
  retry: () => askInstead(messages.retry),
  stream: async () => {
    const result = await runner.run(agent, messages.stream, { session, stream: true });
    const deltas = [];
    for await (const delta of result.toTextStream()) deltas.push(delta);
    await result.completed;
    return { reply: result.finalOutput, deltas };
  },
  next: () => ask(messages.next),
});
