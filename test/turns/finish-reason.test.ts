// How a reply ended, everywhere a client can see it.
import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn } from '../support/client.ts';
import { clientOf, user } from '../openai/support.ts';
import { decide, park, reviewOf, turnOf } from '../reviews/support.ts';
import { PRIVATE, register, startReceiver } from '../webhooks/support.ts';

const cutOff = { text: 'Once upon a time', finishReason: 'length' };

test('a reply that was cut off says so in the turn, the list, the export and the webhook', async (t) => {
  const receiver = await startReceiver(t);
  const { url, model } = await startApp(t, { settings: PRIVATE });
  await register(url, { url: receiver.url });
  model.script((one) => (one.lastUserMessage === 'tell me' ? cutOff : {}));
  const turn = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'tell me' })).turn_id);
  t.like(turn, { status: 'completed', reply: cutOff.text, finish_reason: 'length' });
  t.is((await receiver.has(1))[0]!.event.data.finish_reason, 'length');
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'thanks' })).turn_id);
  const list = await call<{ items: object[] }>(url, '/users/ann/turns');
  t.like(list.body.items, [{ finish_reason: 'stop' }, { finish_reason: 'length' }]);
  const document = await call<{ turns: object[] }>(url, '/users/ann/export');
  t.true(JSON.stringify(document.body.turns).includes('"finish_reason":"length"'));
});

test('a review shows how its draft ended; the turn shows how its reply ended', async (t) => {
  const { url, model } = await startApp(t);
  model.script((one) => (one.kind === 'chat' ? cutOff : {}));
  const expected = { approve: 'length', edit: 'stop', reject: null } as const;
  for (const [decision, finish_reason] of Object.entries(expected)) {
    const turn = await park(url, 'ann', `help me to ${decision}`);
    t.is(turn.finish_reason, null);
    const reviewId = turn.review!.review_id;
    t.like(await reviewOf(url, reviewId), { finish_reason: 'length' });
    await decide(url, reviewId, { decision, ...(decision === 'edit' && { reply: 'The end.' }) });
    t.like(await turnOf(url, turn.turn_id), { finish_reason }, decision);
    t.like(await reviewOf(url, reviewId), { finish_reason: 'length' });
  }
});

test("OpenAI's client sees that a chat completion was cut off", async (t) => {
  const { url, model } = await startApp(t);
  model.script((one) => (one.kind === 'chat' ? cutOff : {}));
  const request = { model: 'turnkeeper', user: 'ann', messages: [user('tell me')] };
  const completion = await clientOf(url).chat.completions.create(request);
  t.is(completion.choices[0]!.finish_reason, 'length');
  const chunks = await Array.fromAsync(await clientOf(url).chat.completions.create({ ...request, stream: true }));
  const reasons = chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason));
  t.deepEqual(
    reasons.filter((reason) => reason !== null),
    ['length'],
  );
  const held = await clientOf(url).chat.completions.create({ ...request, messages: [user('help me')] });
  t.is(held.choices[0]!.finish_reason, 'stop');
});

test("OpenAI's client sees that a response is incomplete", async (t) => {
  const { url, model } = await startApp(t);
  model.script((one) => (one.kind === 'chat' ? cutOff : {}));
  const request = { model: 'turnkeeper', user: 'ann', input: 'tell me' };
  const incomplete = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  const response = await clientOf(url).responses.create(request);
  t.like(response, { ...incomplete, error: null, output_text: cutOff.text, output: [{ status: 'incomplete' }] });
  const events = await Array.fromAsync(await clientOf(url).responses.create({ ...request, stream: true }));
  const last = events.at(-1)!;
  t.is(last.type, 'response.incomplete');
  t.like(last, { response: incomplete });
  t.like(events.at(-2), { type: 'response.output_item.done', item: { status: 'incomplete' } });
});

test('unknown usage is null, and zeros where a client of OpenAI asks for it', async (t) => {
  const { url, model } = await startApp(t);
  const body = 'data: {"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
  model.script((one) => (one.kind === 'chat' ? { body: () => body } : {}));
  t.is((await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hi' })).turn_id)).usage, null);
  const response = await clientOf(url).responses.create({ model: 'turnkeeper', user: 'ann', input: 'hi' });
  t.is((response as { readonly usage?: object | null }).usage, null);
  const request = { model: 'turnkeeper', user: 'ann', messages: [user('hi')] };
  const options = { stream: true, stream_options: { include_usage: true } } as const;
  const chunks = await Array.fromAsync(await clientOf(url).chat.completions.create({ ...request, ...options }));
  t.deepEqual(chunks.at(-1)!.usage, { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
  const { body: overview } = await call<{ model: object }>(url, '/admin/overview');
  t.like(overview.model, { requests: 3, errors: 0, input_tokens: 0 });
});
