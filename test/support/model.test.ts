import test from 'ava';
import OpenAI from 'openai';
import { type ModelScript, SCRIPTED_MODEL, type ScriptedModel, startScriptedModel } from './model.ts';

const user = (content: string): OpenAI.ChatCompletionMessageParam[] => [{ role: 'user', content }];

const clientOf = (model: ScriptedModel) =>
  new OpenAI({ baseURL: model.baseUrl, apiKey: 'none', maxRetries: 0, timeout: 5_000 });

async function streamed(client: OpenAI, text: string): Promise<string> {
  let reply = '';
  const stream = await client.chat.completions.create({ model: SCRIPTED_MODEL, messages: user(text), stream: true });
  for await (const { choices } of stream) reply += choices[0]?.delta.content ?? '';
  return reply;
}

test('the scripted model echoes with and without streaming, and reports the kind and attempt of calls', async (t) => {
  const model = await startScriptedModel(t);
  const client = clientOf(model);
  const { choices } = await client.chat.completions.create({ model: SCRIPTED_MODEL, messages: user('hi') });
  t.is(choices[0]!.message.content, 'echo: hi');
  t.is(await streamed(client, 'hi'), 'echo: hi');
  const summary: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: 'Summarise this' },
    ...user('User: a'),
  ];
  await client.chat.completions.create({ model: SCRIPTED_MODEL, messages: summary });
  t.is(model.count('hi'), 2);
  t.deepEqual(
    model.calls.map(({ kind, attempt, stream }) => [kind, attempt, stream]),
    [
      ['chat', 1, false],
      ['chat', 2, true],
      ['summary', 1, false],
    ],
  );
});

test('the scripted model fails as each script says', async (t) => {
  const scripts: ModelScript[] = [
    { status: 429, headers: { 'retry-after': '1' }, code: 'rate_limit_exceeded' },
    { reset: true },
    { reset: 3 },
    { malformed: true },
    { text: 'fine' },
  ];
  const model = await startScriptedModel(t, ({ number }) => scripts[number - 1]!);
  const client = clientOf(model);
  const limited = await t.throwsAsync(streamed(client, 'x'), { instanceOf: OpenAI.RateLimitError });
  t.is(limited.headers?.get('retry-after'), '1');
  await t.throwsAsync(streamed(client, 'x'), { instanceOf: OpenAI.APIConnectionError });
  await t.throwsAsync(streamed(client, 'x'));
  await t.throwsAsync(streamed(client, 'x'));
  t.is(await streamed(client, 'x'), 'fine');
  t.is(model.calls.at(-1)!.attempt, 5);
});

test('the scripted model reports that the caller of a hanging call has disconnected', async (t) => {
  const model = await startScriptedModel(t, () => ({ hang: 2 }));
  await t.throwsAsync(
    new OpenAI({ baseURL: model.baseUrl, apiKey: 'none', maxRetries: 0 }).chat.completions
      .create({ model: SCRIPTED_MODEL, messages: user('x'), stream: true }, { signal: AbortSignal.timeout(300) })
      .then(async (stream) => {
        for await (const _ of stream);
        throw new Error('the stream ended');
      }),
  );
  const { signal } = model.calls[0]!;
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  t.true(signal.aborted);
});
