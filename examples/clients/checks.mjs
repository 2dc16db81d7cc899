// The steps, what the user sends in each of them, and what must be true afterwards.
import { isDeepStrictEqual } from 'node:util';
import { replyTo } from './model.mjs';

/** In each step the user sends `sends` after the exchanges of the steps in `after`. `edit` replaces the message of
 *  `second`, and `retry` asks again for the reply to it. */
export const STEPS = {
  first: { title: 'first turn', sends: 'My name is Ada.', after: [] },
  second: { title: 'second turn', sends: 'What is my name?', after: ['first'] },
  edit: { title: 'edit', sends: 'How many letters has my name?', after: ['first'] },
  retry: { title: 'retry', sends: 'How many letters has my name?', after: ['first'] },
  stream: { title: 'stream', sends: 'Tell me about letters at length.', after: ['first', 'retry'] },
  next: { title: 'turn after it', sends: 'Thank you.', after: ['first', 'retry', 'stream'] },
  background: { title: 'background', sends: 'Count the letters.', after: [] },
};

/** What the user sends, by step. */
export const MESSAGES = Object.fromEntries(Object.entries(STEPS).map(([name, { sends }]) => [name, sends]));

const exchangeOf = (step) => [MESSAGES[step], replyTo(MESSAGES[step])];

/** The prompt of a step: exactly the exchanges before it, so an edited message is not in it. */
const promptOf = (step) => [...STEPS[step].after.flatMap(exchangeOf), MESSAGES[step]];

function* faultsOf(step, { reply, deltas, accepted }, prompt) {
  const expected = replyTo(MESSAGES[step]);
  if (reply !== expected) yield `the reply is ${JSON.stringify(reply)}`;
  if (!isDeepStrictEqual(prompt, promptOf(step))) yield `the model saw ${JSON.stringify(prompt)}`;
  if (step === 'stream' && !(deltas?.length > 1 && deltas.join('') === expected))
    yield `the deltas are ${JSON.stringify(deltas)}`;
  if (step === 'background' && !['queued', 'in_progress'].includes(accepted)) yield `it was accepted as ${accepted}`;
}

const NOT_IN_API = 'not in this API';
const NOT_IN_CLIENT = 'not in this client';

/** Whether an outcome is `ok`, or that the API or the client has no such step. */
export const isGood = (outcome) => ['ok', NOT_IN_API, NOT_IN_CLIENT].includes(outcome);

/** The outcome of each step of one client: a good one, or what is wrong. `lines` are the results that its script printed,
 *  `prompts` what the model saw meanwhile. */
export function outcomesOf({ background = false, api }, lines, prompts) {
  const results = new Map(lines.map(({ step, ...result }) => [step, result]));
  const isDone = (step) => results.has(step) && !results.get(step).error;
  const done = Object.keys(STEPS).filter(isDone);
  return Object.fromEntries(
    Object.keys(STEPS).map((step) => {
      if (step === 'background' && !background) return [step, api.startsWith('responses') ? NOT_IN_CLIENT : NOT_IN_API];
      if (!isDone(step)) return [step, results.get(step)?.error ?? 'it did not run'];
      // One prompt for each step, in order: a message that was answered twice moves the prompts of the later steps.
      const faults = [...faultsOf(step, results.get(step), prompts[done.indexOf(step)])];
      if (step === lines.at(-1).step && prompts.length > lines.length) faults.push('the model was called too often');
      return [step, faults.length === 0 ? 'ok' : faults.join('; ')];
    }),
  );
}
