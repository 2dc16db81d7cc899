// Chat completions with OpenAI's unmodified Node client.
import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, eventually, type TurnJson } from '../support/client.ts';
import { waitForCall, hangSlowCalls } from '../support/held-model.ts';
import { SCRIPTED_MODEL } from '../support/model.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { decide, turnOf } from '../reviews/support.ts';
import { about, assistant, clientOf, failureOf, trickle, user, WORDS } from './support.ts';

test('models can be listed and retrieved', async (t) => {
  const { models } = clientOf((await startApp(t)).url);
  const { data } = await models.list();
  t.deepEqual(
    data.map(({ id }) => id),
    ['turnkeeper', SCRIPTED_MODEL],
  );
  t.deepEqual(await models.retrieve('turnkeeper'), data[0]);
  t.like(await failureOf(models.retrieve('meta/other')), { status: 404, code: 'model_not_found' });
});

test('a message becomes a turn, and its reply the completion', async (t) => {
  const { url, model } = await startApp(t);
  const client = clientOf(url);
  const answer = await client.chat.completions.create({
    model: 'turnkeeper',
    user: 'ann',
    messages: [
      { role: 'system', content: 'Be rude.' },
      { role: 'user', content: [{ type: 'text', text: 'hello' }] },
    ],
    temperature: 0.1,
    max_tokens: 5,
  });
  const { choices, usage } = answer;
  t.is(answer.object, 'chat.completion');
  t.is(answer.model, SCRIPTED_MODEL);
  t.like(choices[0], { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'echo: hello' } });
  t.true(usage!.total_tokens > 0 && usage!.total_tokens === usage!.prompt_tokens + usage!.completion_tokens);
  const { turn_id: turnId, session_id: session, status } = about(answer);
  t.is(status, 'completed');
  t.is(answer.id, `chatcmpl-${turnId}`);
  t.like(await turnOf(url, turnId), { user_id: 'ann', session_id: session, text: 'hello', reply: 'echo: hello' });
  t.false(model.calls.some(({ messages }) => JSON.stringify(messages).includes('rude')));
});

test('a request with a history continues the session, and the model gets each message once', async (t) => {
  const { url, model } = await startApp(t);
  const client = clientOf(url);
  const ask = (messages: { role: 'user' | 'assistant'; content: string }[], more: object = {}) =>
    client.chat.completions.create({ model: SCRIPTED_MODEL, user: 'ann', messages, ...more });
  const first = about(await ask([user('one')]));
  const other = about(await ask([user('something else')]));
  t.not(other.session_id, first.session_id);
  const history = [user('one'), assistant(' echo: one\n')];
  const second = about(await ask([...history, user('two')]));
  t.is(second.session_id, first.session_id);
  const seen = model.chatCalls.at(-1)!.messages.filter(({ role }) => role !== 'system');
  t.deepEqual(
    seen.map(({ content }) => content),
    ['one', 'echo: one', 'two'],
  );
  const unknown = about(await ask([user('one'), assistant('never sent'), user('three')]));
  t.false([first.session_id, other.session_id].includes(unknown.session_id));
  const named = about(await ask([user('four')], { metadata: { session_id: first.session_id, colour: 'red' } }));
  t.is(named.session_id, first.session_id);
  t.like((await turnOf(url, named.turn_id)).metadata, { colour: 'red' });
  const stranger = await failureOf(ask([user('five')], { user: 'bob', metadata: { session_id: first.session_id } }));
  t.like(stranger, { name: 'NotFoundError', code: 'session_not_found' });
  // The same history of another user is another session.
  const bob = about(await ask([...history, user('two')], { user: 'bob' }));
  t.not(bob.session_id, first.session_id);
});

test('the chunks of a stream contain the reply', async (t) => {
  const app = await startApp(t);
  trickle(app);
  const stream = await clientOf(app.url).chat.completions.create({
    model: 'turnkeeper',
    messages: [user('hello')],
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  t.is(text, WORDS);
  t.true(chunks.length > 5, 'the reply has several chunks');
  t.is(chunks[0]!.choices[0]!.delta.role, 'assistant');
  t.is(chunks.at(-2)!.choices[0]!.finish_reason, 'stop');
  t.deepEqual(chunks.at(-1)!.choices, []);
  t.true(chunks.at(-1)!.usage!.total_tokens > 0);
  t.is(about(chunks.at(-1)!).status, 'completed');
  t.is(new Set(chunks.map(({ id }) => id)).size, 1);
  const { body } = await call<TurnJson>(app.url, `/turns/${about(chunks[0]!).turn_id}`);
  t.like(body, { user_id: 'anonymous', reply: WORDS });
});

test("the client's stream helper assembles the reply", async (t) => {
  const app = await startApp(t);
  trickle(app, 5);
  const runner = clientOf(app.url).chat.completions.stream({ model: 'turnkeeper', messages: [user('hello')] });
  t.is((await runner.finalChatCompletion()).choices[0]!.message.content, WORDS);
});

test('a held reply is answered with a message, with and without streaming, and its session can be continued', async (t) => {
  const { url, model } = await startApp(t);
  const client = clientOf(url);
  const request = { model: 'turnkeeper', user: 'ann', messages: [user('this is urgent')] };
  const plain = await client.chat.completions.create(request);
  const { turn_id: turnId, session_id: session, status } = about(plain);
  const held = plain.choices[0]!.message.content!;
  t.is(status, 'awaiting_review');
  t.regex(held, /awaiting human review/);
  t.notRegex(held, /[/_]|\d/, 'no path and no id');
  t.false(JSON.stringify(plain).includes('echo'));
  let streamed = '';
  let tokens: number | undefined;
  const options = { stream: true, stream_options: { include_usage: true } } as const;
  for await (const chunk of await client.chat.completions.create({ ...request, ...options })) {
    streamed += chunk.choices[0]?.delta.content ?? '';
    tokens = chunk.usage?.total_tokens ?? tokens;
  }
  t.is(tokens, 0, 'the usage of a held reply is not known yet');
  t.is(streamed, held);
  const { review } = await turnOf(url, turnId);
  await decide(url, review!.review_id, { decision: 'edit', reply: 'A colleague will call.' });
  const next = await client.chat.completions.create({
    ...request,
    messages: [user('this is urgent'), assistant(`${held}\n`), user('and?')],
  });
  // The other turn with this message is still held.
  t.is(about(next).session_id, session);
  const prompt = model.chatCalls.at(-1)!.messages.filter(({ role }) => role !== 'system');
  t.deepEqual(
    prompt.map(({ content }) => content),
    ['this is urgent', 'A colleague will call.', 'and?'],
  );
});

test('the text for held replies is a setting; in a later request it stands for the approved reply', async (t) => {
  const text = 'We are checking this. Please wait.';
  const { url, model } = await startApp(t, { settings: { REVIEW_HELD_TEXT: text } });
  const client = clientOf(url);
  const ask = (...messages: { role: 'user' | 'assistant'; content: string }[]) =>
    client.chat.completions.create({ model: 'turnkeeper', user: 'ann', messages });
  const first = await ask(user('hello'));
  const chat = [user('hello'), assistant('echo: hello'), user('urgent')];
  const second = await ask(...chat);
  t.is(second.choices[0]!.message.content, text);
  t.like(about(second), { status: 'awaiting_review', session_id: about(first).session_id });
  // Another chat with another held reply.
  const other = await ask(user('help'));
  t.is(other.choices[0]!.message.content, text);
  const { review } = await turnOf(url, about(second).turn_id);
  await decide(url, review!.review_id, { decision: 'approve' });
  const third = await ask(...chat, assistant(text), user('thanks'));
  t.is(about(third).session_id, about(first).session_id);
  const prompt = model.chatCalls.at(-1)!.messages.filter(({ role }) => role !== 'system');
  t.deepEqual(
    prompt.map(({ content }) => content),
    ['hello', 'echo: hello', 'urgent', 'echo: urgent', 'thanks'],
  );
  // The text selects no session of a turn that was not held.
  const unheld = await ask(user('hello'), assistant(text), user('and now?'));
  t.not(about(unheld).session_id, about(first).session_id);
});

test('a rejected reply is answered with the text for rejected replies', async (t) => {
  const { url } = await startApp(t);
  const send = () =>
    clientOf(url).chat.completions.create(
      { model: 'turnkeeper', messages: [user('urgent')] },
      { headers: { 'idempotency-key': 'one' } },
    );
  const { turn_id: turnId } = about(await send());
  await decide(url, (await turnOf(url, turnId)).review!.review_id, { decision: 'reject' });
  const repeated = await send();
  t.deepEqual(
    [repeated.choices[0]!.message.content, about(repeated).turn_id, about(repeated).status],
    ['Message rejected by human reviewer.', turnId, 'rejected'],
  );
});

test('a failed turn is an error that the client does not retry', async (t) => {
  const { url, model } = await startApp(t);
  model.script(() => ({ status: 400, text: 'no' }));
  const client = clientOf(url);
  const body = { model: 'turnkeeper', user: 'ann', messages: [user('hello')] };
  const failure = await failureOf(client.chat.completions.create(body));
  t.like(failure, { name: 'UnprocessableEntityError', status: 422, code: 'turn_failed', retry: 'false' });
  t.regex(failure.message, /model_invalid_request/);
  t.like(failure.error, { turnkeeper: { status: 'failed' } });
  const streamed = await failureOf(
    (async () => {
      for await (const _ of await client.chat.completions.create({ ...body, stream: true }));
    })(),
  );
  t.like(streamed, { name: 'APIError', code: 'turn_failed' });
  const { body: turns } = await call<{ items: TurnJson[] }>(url, '/users/ann/turns');
  t.is(turns.items.length, 2);
});

test('a turn that is cancelled during the request is an error', async (t) => {
  const { url, model } = await startApp(t);
  model.script(hangSlowCalls());
  const pending = failureOf(
    clientOf(url).chat.completions.create({ model: 'turnkeeper', user: 'ann', messages: [user('slow')] }),
  );
  await waitForCall(model, 'slow');
  const { body } = await call<{ items: TurnJson[] }>(url, '/users/ann/turns');
  await call(url, `/turns/${body.items[0]!.turn_id}/cancel`, { method: 'POST' });
  t.like(await pending, { status: 422, code: 'turn_cancelled', retry: 'false' });
});

test('a retried attempt with the same text is not visible in the stream; with another text the stream ends with an error', async (t) => {
  const { url, model } = await startApp(t);
  const client = clientOf(url);
  const read = async (content: string) => {
    let text = '';
    const stream = await client.chat.completions.create({
      model: 'turnkeeper',
      messages: [user(content)],
      stream: true,
    });
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    return text;
  };
  model.script(({ kind, attempt, lastUserMessage }) => {
    if (kind !== 'chat') return {};
    const slowly = { delayMs: 300, trickleMs: 100 };
    if (attempt > 1) return { text: WORDS };
    return lastUserMessage === 'same'
      ? { text: WORDS, ...slowly, reset: 5 }
      : { text: 'never sent', ...slowly, reset: 3 };
  });
  t.is(await read('same'), WORDS);
  const failure = await failureOf(read('other'));
  t.like(failure, { name: 'APIError', code: 'turn_unfinished' });
  t.regex(failure.message, /The reply was restarted, and its new text differs/);
});

test('retries of a request with an idempotency key create one turn', async (t) => {
  const { url, model } = await startApp(t);
  model.script((each) => (each.kind === 'chat' ? { delayMs: 1_500 } : {}));
  const client = clientOf(url);
  // The client times out and retries automatically, twice.
  const answer = await client.chat.completions.create(
    { model: 'turnkeeper', user: 'ann', messages: [user('hello')] },
    { timeout: 700, maxRetries: 5, headers: { 'Idempotency-Key': 'message-1' } },
  );
  t.is(answer.choices[0]!.message.content, 'echo: hello');
  const { body } = await call<{ items: TurnJson[] }>(url, '/users/ann/turns');
  t.is(body.items.length, 1);
  t.is(model.count('hello'), 1);
  const other = await failureOf(
    client.chat.completions.create(
      { model: 'turnkeeper', user: 'ann', messages: [user('bye')] },
      { headers: { 'Idempotency-Key': 'message-1' } },
    ),
  );
  t.like(other, { name: 'UnprocessableEntityError', code: 'idempotency_key_reused' });
});

test('a stopping server answers at once; the turn continues, and a client with an idempotency key finds it', async (t) => {
  const app = await startApp(t);
  app.model.script((each) => (each.kind === 'chat' ? { delayMs: 2_000 } : {}));
  const ask = (url: string, key?: string, stream = false) =>
    failureOf(
      (async () => {
        const options = { maxRetries: 0, ...(key !== undefined && { headers: { 'idempotency-key': key } }) };
        const body = { model: 'turnkeeper', user: key ?? 'ann', messages: [user('hello')] };
        if (!stream) return clientOf(url).chat.completions.create(body, options);
        for await (const _ of await clientOf(url).chat.completions.create({ ...body, stream: true }, options));
        return null;
      })(),
    );
  const other = await startSecondIngress(t, app);
  const pending = [ask(other.url), ask(other.url, 'bob'), ask(other.url, 'carol', true)];
  await eventually('three model calls', async () => app.model.chatCalls.length === 3);
  await other.stop();
  const [withoutKey, withKey, streamed] = await Promise.all(pending);
  t.like(withoutKey, { status: 422, code: 'turn_unfinished', retry: 'false' });
  t.like(withKey, { status: 422, code: 'turn_unfinished', retry: 'true' });
  t.like(streamed, { name: 'APIError', code: 'turn_unfinished' });
  const found = await clientOf(app.url).chat.completions.create(
    { model: 'turnkeeper', user: 'bob', messages: [user('hello')] },
    { headers: { 'idempotency-key': 'bob' } },
  );
  t.is(found.choices[0]!.message.content, 'echo: hello');
  t.is(app.model.chatCalls.length, 3);
});

test('a client that disconnects does not cancel the turn', async (t) => {
  const app = await startApp(t);
  trickle(app);
  const stream = await clientOf(app.url).chat.completions.create({
    model: 'turnkeeper',
    messages: [user('hello')],
    stream: true,
  });
  let turnId = '';
  for await (const chunk of stream) {
    turnId = about(chunk).turn_id;
    if (chunk.choices[0]?.delta.content) break;
  }
  const { body } = await call<TurnJson>(app.url, `/turns/${turnId}?wait=30`);
  t.like(body, { status: 'completed', reply: WORDS, attempts: 1 });
});
