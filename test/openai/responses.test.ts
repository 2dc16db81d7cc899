// Responses with OpenAI's unmodified Node client.
import test from 'ava';
import { Redis } from 'ioredis';
import type OpenAI from 'openai';
import { startApp } from '../support/app.ts';
import { call, chat, eventually, type TurnJson } from '../support/client.ts';
import { waitForCall, hangSlowCalls } from '../support/held-model.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { decide, turnOf } from '../reviews/support.ts';
import { about, clientOf, failureOf, trickle, user, WORDS } from './support.ts';

type Event = OpenAI.Responses.ResponseStreamEvent;
type Created = Event & { type: 'response.created' };

/** Polls until the response is final, as in OpenAI's guide. */
const polled = (client: OpenAI, id: string) =>
  eventually('a final response', async () => {
    const response = await client.responses.retrieve(id);
    return !['queued', 'in_progress'].includes(response.status!) && response;
  });

const textOf = (events: readonly Event[]) =>
  events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');

/** Reads events until the end of the stream or until `enough` returns true, and then disconnects. */
async function read(
  stream: Promise<AsyncIterable<Event>>,
  enough: (events: readonly Event[]) => boolean = () => false,
): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of await stream) {
    events.push(event);
    if (enough(events)) break;
  }
  return events;
}

const resume = (client: OpenAI, id: string, after?: number): Promise<AsyncIterable<Event>> =>
  client.responses.retrieve(id, { stream: true, ...(after !== undefined && { starting_after: after }) });

test('a response is returned when its turn is final', async (t) => {
  const { url } = await startApp(t);
  const client = clientOf(url);
  const response = await client.responses.create({
    model: 'turnkeeper',
    user: 'ann',
    input: 'hello',
    instructions: 'Be rude.',
    metadata: { colour: 'red' },
  });
  t.like(response, {
    object: 'response',
    status: 'completed',
    error: null,
    background: false,
    output_text: 'echo: hello',
  });
  t.is(response.metadata!['colour'], 'red');
  t.true(response.usage!.total_tokens > 0);
  t.is(response.id, `resp_${about(response).turn_id}`);
  t.like(await turnOf(url, about(response).turn_id), { user_id: 'ann', text: 'hello', status: 'completed' });
  t.deepEqual((await client.responses.retrieve(response.id)).output, response.output);
});

test('a turn of POST /chat can be retrieved as a response', async (t) => {
  const { url } = await startApp(t);
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'hello' });
  t.is((await polled(clientOf(url), `resp_${turnId}`)).output_text, 'echo: hello');
});

test('previous_response_id continues the session of the response; ids of other users and unknown ids are answered 404', async (t) => {
  const { url, model } = await startApp(t);
  const client = clientOf(url);
  const create = (input: string, more: object = {}) =>
    client.responses.create({ model: 'turnkeeper', user: 'ann', input, ...more });
  const first = await create('one');
  const second = await create('two', { previous_response_id: first.id });
  t.is(about(second).session_id, about(first).session_id);
  t.is((await client.responses.retrieve(second.id)).previous_response_id, first.id);
  t.true(model.chatCalls.at(-1)!.messages.some(({ content }) => content === 'echo: one'));
  const input = [user('one'), { role: 'assistant' as const, content: 'echo: one' }, user('three')];
  t.is(
    about(await client.responses.create({ model: 'turnkeeper', user: 'ann', input })).session_id,
    about(first).session_id,
  );
  for (const more of [
    { previous_response_id: first.id, user: 'bob' },
    { previous_response_id: 'resp_3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11' },
    { previous_response_id: 'no id' },
  ]) {
    t.like(await failureOf(create('x', more)), { name: 'NotFoundError', code: 'turn_not_found' });
  }
  const metadata = { session_id: '3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11' };
  const mismatch = await failureOf(create('x', { previous_response_id: first.id, metadata }));
  t.like(mismatch, { name: 'BadRequestError', param: 'metadata.session_id' });
});

test('a background response is returned at once, and can be polled and cancelled repeatedly', async (t) => {
  const { url, model } = await startApp(t);
  model.script(hangSlowCalls());
  const client = clientOf(url);
  const slow = await client.responses.create({ model: 'turnkeeper', user: 'ann', input: 'slow', background: true });
  t.like(slow, { status: 'queued', background: true, output: [] });
  const following = await client.responses.create({
    model: 'turnkeeper',
    user: 'ann',
    input: 'next',
    background: true,
  });
  await waitForCall(model, 'slow');
  t.is((await client.responses.retrieve(slow.id)).status, 'in_progress');
  t.is((await client.responses.cancel(slow.id)).status, 'cancelled');
  t.is((await client.responses.cancel(slow.id)).status, 'cancelled');
  const done = await polled(client, following.id);
  t.like(done, { status: 'completed', output_text: 'echo: next', background: true });
  const finished = await client.responses.cancel(following.id);
  t.is(finished.status, 'completed');
  t.deepEqual(finished.output, done.output);
  t.is((await turnOf(url, about(slow).turn_id)).status, 'cancelled');
});

test('a failed response contains the error', async (t) => {
  const { url, model } = await startApp(t);
  model.script(() => ({ status: 400, text: 'no' }));
  const client = clientOf(url);
  const response = await client.responses.create({ model: 'turnkeeper', input: 'hello' });
  t.is(response.status, 'failed');
  t.regex(response.error!.message, /model_invalid_request/);
  const events = await read(resume(client, response.id));
  t.deepEqual(
    events.map(({ type }) => type),
    ['response.created', 'response.in_progress', 'response.failed'],
  );
});

test('a held response is in progress until the reviewer decides', async (t) => {
  const { url } = await startApp(t);
  const client = clientOf(url);
  const response = await client.responses.create({ model: 'turnkeeper', input: 'this is urgent' });
  t.like(response, { status: 'in_progress', output: [], usage: null });
  t.is(about(response).status, 'awaiting_review');
  const events: Event[] = [];
  for await (const event of await resume(client, response.id)) {
    events.push(event);
    if (events.length !== 3) continue;
    // The stream stays open while the review is pending.
    t.is(about((event as Created).response).status, 'awaiting_review');
    const { review } = await turnOf(url, about(response).turn_id);
    await decide(url, review!.review_id, { decision: 'edit', reply: 'A colleague will call.' });
  }
  t.is(textOf(events), 'A colleague will call.');
  t.is(events.at(-1)!.type, 'response.completed');
  t.false(JSON.stringify(events).includes('echo'));
  t.is((await client.responses.retrieve(response.id)).output_text, 'A colleague will call.');
});

test('an expired review is incomplete', async (t) => {
  const { url } = await startApp(t, { settings: { REVIEW_DEADLINE_S: '1' } });
  const client = clientOf(url);
  const { id } = await client.responses.create({ model: 'turnkeeper', input: 'urgent' });
  const response = await polled(client, id);
  t.like(response, { status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [] });
  t.is((await read(resume(client, id))).at(-1)!.type, 'response.incomplete');
});

test('a stream contains the events of a response in order', async (t) => {
  const app = await startApp(t);
  trickle(app);
  const client = clientOf(app.url);
  const events = await read(client.responses.create({ model: 'turnkeeper', input: 'hello', stream: true }));
  const types = events.map(({ type }) => type);
  t.deepEqual(
    types.filter((type, index) => type !== types[index - 1]),
    [
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ],
  );
  t.is(textOf(events), WORDS);
  t.true(events.length > 15, 'the reply has several deltas');
  const numbers = events.map(({ sequence_number: number }) => number);
  t.true(numbers.every((number, at) => at === 0 || number > numbers[at - 1]!));
  const last = events.at(-1) as Event & { type: 'response.completed' };
  t.is(last.response.status, 'completed');
  const { id } = (events[0] as Created).response;
  t.is((await client.responses.retrieve(id)).output_text, WORDS);
});

test("the client's stream helper assembles the reply, from the beginning and after a resume", async (t) => {
  const app = await startApp(t);
  trickle(app, 5);
  const client = clientOf(app.url);
  const created = await client.responses.stream({ model: 'turnkeeper', input: 'hello' }).finalResponse();
  t.is(created.output_text, WORDS);
  const resumed = client.responses.stream({ response_id: created.id, starting_after: 100 });
  t.is((await resumed.finalResponse()).output_text, WORDS);
});

test('a stream with repeated disconnects can be resumed at another server, without gap or repeat', async (t) => {
  const app = await startApp(t);
  const other = await startSecondIngress(t, app);
  trickle(app, 30);
  const clients = [clientOf(other.url), clientOf(app.url)];
  const events = await read(
    clients[1]!.responses.create({ model: 'turnkeeper', input: 'hello', background: true, stream: true }),
    (received) => received.some(({ type }) => type === 'response.output_text.delta'),
  );
  const { id } = (events[0] as Created).response;
  for (let resumes = 0; events.at(-1)!.type !== 'response.completed'; resumes += 1) {
    const after = events.at(-1)!.sequence_number;
    const more = 1 + Math.floor(Math.random() * 5);
    events.push(...(await read(resume(clients[resumes % 2]!, id, after), ({ length }) => length >= more)));
  }
  t.is(textOf(events), WORDS);
  const numbers = events.map(({ sequence_number: number }) => number);
  t.true(numbers.every((number, at) => at === 0 || number > numbers[at - 1]!));
  // Without the stream in Redis the numbers are the same: after any event, the rest can be read from the row.
  const redis = new Redis(app.redisUrl);
  t.teardown(() => redis.disconnect());
  t.is(await redis.del(`turnkeeper:deltas:${id.slice('resp_'.length)}`), 1);
  const { sequence_number: last } = events.at(-1)!;
  for (const [at, { sequence_number: after }] of events.entries()) {
    const rest = await read(resume(clients[0]!, id, after));
    t.is(textOf(events.slice(0, at + 1)) + textOf(rest), WORDS);
    t.is(rest.at(-1)?.sequence_number ?? last, last);
  }
  t.is(app.model.chatCalls.length, 1);
});

test('a reply that is restarted with another text ends the stream with an error; the response has the whole reply', async (t) => {
  const { url, model } = await startApp(t);
  const client = clientOf(url);
  model.script(({ kind, attempt }) => {
    if (kind !== 'chat') return {};
    return attempt === 1 ? { text: 'this is never sent', delayMs: 300, trickleMs: 100, reset: 4 } : { text: WORDS };
  });
  const received: Event[] = [];
  const failure = await failureOf(
    (async () => {
      for await (const event of await client.responses.create({ model: 'turnkeeper', input: 'hello', stream: true }))
        received.push(event);
    })(),
  );
  t.like(failure, { name: 'APIError', code: 'turn_unfinished' });
  t.regex(textOf(received), /^this/);
  const { id } = (received[0] as Created).response;
  t.is((await polled(client, id)).output_text, WORDS);
  // The client's text is not part of the reply, so resuming fails instead of appending the reply to it.
  const resumed = await failureOf(read(resume(client, id, received.at(-1)!.sequence_number)));
  t.like(resumed, { name: 'APIError', code: 'turn_unfinished' });
  t.is(textOf(await read(resume(client, id))), WORDS);
});

test('errors have the matching error classes of the client', async (t) => {
  const { url } = await startApp(t);
  const client = clientOf(url);
  t.like(await failureOf(client.responses.retrieve('resp_x')), { name: 'NotFoundError', code: 'turn_not_found' });
  const unknownModel = client.responses.create({ model: 'gpt-9', input: 'x' });
  t.like(await failureOf(unknownModel), { name: 'NotFoundError', code: 'model_not_found', param: 'model' });
  const invalid = client.responses.create({ model: 'turnkeeper', input: '', temperature: 'hot' as unknown as number });
  const failure = await failureOf(invalid);
  t.like(failure, { name: 'BadRequestError', type: 'invalid_request_error', param: 'input' });
  t.regex(failure.message, /input must not be empty; temperature must be a number/);
  const ahead = await failureOf(
    read(resume(client, (await client.responses.create({ model: 'turnkeeper', input: 'x' })).id, 2_000_000_000)),
  );
  t.like(ahead, { name: 'BadRequestError', param: 'query.starting_after' });
  const { body } = await call<{ items: TurnJson[] }>(url, '/users/anonymous/turns');
  t.is(body.items.length, 1);
});
