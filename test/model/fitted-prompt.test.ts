// Prompts that fit: by their tokens, and by what the endpoint says.
import test from 'ava';
import { completeFitted, fitting, type Prompt } from '../../src/model/fitted-prompt.ts';
import { ModelError, type Message, type Model } from '../../src/model/model.ts';

const EXCHANGES = ['one', 'two', 'three', 'four', 'five'].map((text) => [
  { role: 'user', content: text } as const,
  { role: 'assistant', content: `about ${text}` } as const,
]);
const prompt: Prompt = {
  exchanges: EXCHANGES,
  messages: (kept) => [
    { role: 'system', content: 'system' },
    ...EXCHANGES.slice(EXCHANGES.length - kept).flat(),
    { role: 'user', content: 'now' },
  ],
};
/** A word is a token. */
const words = async (text: string) => text.split(' ').length;

test('the newest exchanges that fit are kept, with the rest of the prompt counted', async (t) => {
  // 3, then 5 for each message of one word, and 6 for each of two words.
  const base = 3 + 5 + 5;
  const kept = await Promise.all(
    [null, 0, base, base + 10, base + 11, base + 32, base + 33, base + 55].map((limit) =>
      fitting(prompt, limit, words),
    ),
  );
  t.deepEqual(kept, [5, 0, 0, 0, 1, 2, 3, 5]);
});

/** A model that takes prompts of at most so many messages. */
const limited = (most: number, prompts: (readonly Message[])[]): Model => ({
  async complete({ messages }) {
    prompts.push(messages);
    if (messages.length > most) throw new ModelError('model_context_too_long', 'too long', { retryable: false });
    return { text: 'done', model: 'm', usage: null, finishReason: 'stop' };
  },
});
const complete = (model: Model, kept: number) =>
  completeFitted(model, { prompt, kept, signal: new AbortController().signal }, { max: 1 });

test('a prompt that is too long loses the older half of its exchanges until it fits', async (t) => {
  for (const [most, sent] of [
    [12, [12]],
    [8, [12, 6]],
    [5, [12, 6, 4]],
    [2, [12, 6, 4, 2]],
  ] as const) {
    const prompts: (readonly Message[])[] = [];
    t.is((await complete(limited(most, prompts), 5)).text, 'done');
    t.deepEqual(
      prompts.map(({ length }) => length),
      [...sent],
    );
    t.is(prompts.at(-1)!.at(-1)!.content, 'now');
    if (prompts.length > 1) t.is(prompts[1]![1]!.content, 'four', 'the newest exchanges stay');
  }
});

test('a prompt that is too long without any exchange fails', async (t) => {
  const prompts: (readonly Message[])[] = [];
  t.like(await t.throwsAsync(complete(limited(1, prompts), 2)), { code: 'model_context_too_long', retryable: false });
  t.is(prompts.length, 3);
});
