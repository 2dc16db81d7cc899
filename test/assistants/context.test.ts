// A session never dies of its length: prompts are cut to a number of tokens, and to what the model takes.
import test from 'ava';
import { chat, eventually, waitForTurn } from '../support/client.ts';
import type { ModelCall, ModelScript } from '../support/model.ts';
import { startWith, textsOf } from './support.ts';

const lengthOf = (call: ModelCall) => call.messages.reduce((sum, { content }) => sum + content.length, 0);

/** Refuses prompts of more characters than this, as OpenAI does. */
const taking =
  (most: number) =>
  (call: ModelCall): ModelScript =>
    lengthOf(call) > most ? { status: 400, code: 'context_length_exceeded' } : { text: 'done' };

const posting = (url: string) => {
  let session: string | undefined;
  return async (text: string) => {
    const turn = await chat(url, { user_id: 'ann', text, ...(session && { metadata: { session_id: session } }) });
    session = turn.session_id;
    return waitForTurn(url, turn.turn_id);
  };
};

test('a session that is too long for the model loses its oldest exchanges, and its summary is made', async (t) => {
  const { url, model } = await startWith(t, { file: () => ({ assistants: { a: {} } }) });
  const post = posting(url);
  const long = 'a long story '.repeat(150);
  for (const text of [`${long}1`, `${long}2`, `${long}3`]) t.is((await post(text)).status, 'completed');
  model.script(taking(6_000));
  const turn = await post('and now?');
  t.like(turn, { status: 'completed', reply: 'done', attempts: 2 });
  t.is(textsOf(model.chatCalls.at(-1)!).length, 3, 'the newest exchange stays');
  t.true(textsOf(model.chatCalls.at(-1)!)[0]!.endsWith('3'));
  await eventually('a summary', async () =>
    model.summaryCalls.some((call) => lengthOf(call) <= 6_000 && lengthOf(call) > 500),
  );
  const much = await post('word '.repeat(1_300));
  t.like(much, { status: 'failed', error: { code: 'model_context_too_long' } });
  t.like(await post('a short question'), { status: 'completed' });
});

test('a prompt has the newest exchanges that fit max_input_tokens', async (t) => {
  const { url, model } = await startWith(t, {
    file: () => ({
      assistants: {
        a: {
          instructions: 'Be kind.',
          memory: false,
          models: ['gpt-4o'],
          context: { exchanges: 20, max_input_tokens: 200 },
        },
      },
    }),
  });
  const post = posting(url);
  // Each exchange has about 2 × 20 tokens.
  for (let number = 0; number < 8; number += 1) await post(`${number} ${'tea '.repeat(16)}`);
  const texts = textsOf(model.chatCalls.at(-1)!);
  t.true(texts.length >= 5 && texts.length <= 11, `${texts.length}`);
  t.is(texts.length % 2, 1, 'whole exchanges are left out');
  t.true(texts.at(-1)!.startsWith('7') && texts.at(-2)!.startsWith('echo: 6'));
  await post('word '.repeat(500));
  t.is(textsOf(model.chatCalls.at(-1)!).length, 1, 'a message that is longer by itself is sent alone');
});
