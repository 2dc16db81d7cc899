// Tools of clients in responses, with OpenAI's unmodified Node client.
import test, { type ExecutionContext } from 'ava';
import type OpenAI from 'openai';
import { isAvailable, RUNTIMES, startApp, type AppOptions } from '../support/app.ts';
import type { ModelCall } from '../support/model.ts';
import { decide, turnOf } from '../reviews/support.ts';
import { about, clientOf, failureOf } from './support.ts';

type Sent = { role: string; content: unknown; tool_calls?: object[]; tool_call_id?: string }[];
type Event = OpenAI.Responses.ResponseStreamEvent;

const TOOLS: OpenAI.Responses.FunctionTool[] = [
  { type: 'function', name: 'get_weather', description: 'The weather.', parameters: { type: 'object' }, strict: false },
];
const OSLO = { id: 'call_oslo', name: 'get_weather', arguments: '{"town":"Oslo"}' };
const ROME = { id: 'call_rome', name: 'get_weather', arguments: '{"town": "Rome"}' };
const output = (call_id: string, text: string) => ({ type: 'function_call_output' as const, call_id, output: text });

const sentTo = ({ body }: ModelCall): Sent => (body['messages'] as Sent).filter(({ role }) => role !== 'system');

async function start(t: ExecutionContext, { text, ...options }: AppOptions & { text?: string } = {}) {
  const app = await startApp(t, options);
  app.model.script((request) => {
    if (request.kind !== 'chat') return {};
    if (sentTo(request).at(-1)!.role === 'tool') return { text: 'Cold and warm.' };
    return { calls: [OSLO, ROME], ...(text !== undefined && { text }) };
  });
  const client = clientOf(app.url);
  const create = (
    input: OpenAI.Responses.ResponseInput | string,
    more: object = {},
  ): Promise<OpenAI.Responses.Response> =>
    client.responses.create({ model: 'turnkeeper', user: 'ann', input, tools: TOOLS, ...more });
  return { ...app, client, create };
}

const shownCalls = (turnId: string) =>
  [OSLO, ROME].map(({ id, name, arguments: text }, number) => ({
    id: `fc_${turnId}_${number}`,
    type: 'function_call',
    status: 'completed',
    call_id: id,
    name,
    arguments: text,
  }));

for (const runtime of RUNTIMES)
  (isAvailable(runtime) ? test : test.skip)(
    `${runtime}: results with previous_response_id continue the response`,
    async (t) => {
      const { url, model, client, create } = await start(t, { runtime });
      const first = await create('Weather?', { tool_choice: { type: 'function', name: 'get_weather' } });
      const { turn_id: turnId } = about(first);
      t.like(first, { status: 'completed', output_text: '' });
      t.deepEqual<unknown, unknown>(first.output, shownCalls(turnId));
      t.like(model.chatCalls[0]!.body, {
        tools: [{ type: 'function', function: { name: 'get_weather', description: 'The weather.', strict: false } }],
        tool_choice: { type: 'function', function: { name: 'get_weather' } },
      });
      t.deepEqual((await client.responses.retrieve(first.id)).output, first.output);
      const second = await create([output('call_rome', 'warm'), output('call_oslo', 'cold')], {
        previous_response_id: first.id,
      });
      t.is(second.output_text, 'Cold and warm.');
      t.like(await turnOf(url, about(second).turn_id), { text: '', follows: turnId });
      t.deepEqual(
        sentTo(model.chatCalls[1]!).map(({ role, content, tool_call_id: id }) => [role, content, id]),
        [
          ['user', 'Weather?', undefined],
          ['assistant', null, undefined],
          ['tool', 'cold', 'call_oslo'],
          ['tool', 'warm', 'call_rome'],
        ],
      );
    },
  );

test('results after the items of the response continue it', async (t) => {
  const { model, create } = await start(t, { text: 'I look it up.' });
  const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Weather?' }];
  const first = await create(input);
  t.is(first.output_text, 'I look it up.');
  t.is(first.output.length, 3);
  const results = [output('call_oslo', 'cold'), output('call_rome', 'warm')];
  const second = await create([...input, ...first.output, ...results] as OpenAI.Responses.ResponseInput);
  t.is(about(second).session_id, about(first).session_id);
  t.is(second.output_text, 'Cold and warm.');
  model.script(() => ({ text: 'You are welcome.' }));
  const third = await create([
    ...input,
    ...first.output,
    ...results,
    ...second.output,
    { role: 'user', content: 'Thanks' },
  ] as OpenAI.Responses.ResponseInput);
  t.is(about(third).session_id, about(first).session_id);
  t.deepEqual(
    sentTo(model.chatCalls.at(-1)!).map(({ content }) => content),
    ['Weather?', 'I look it up.', 'cold', 'warm', 'Cold and warm.', 'Thanks'],
  );
});

for (const [what, text] of [
  ['only calls', undefined],
  ['text and calls', 'I look it up.'],
] as const)
  test(`a stream of ${what} has the events of the API, and can be resumed after each of them`, async (t) => {
    const { client } = await start(t, text === undefined ? {} : { text });
    const runner = client.responses.stream({ model: 'turnkeeper', user: 'ann', input: 'Weather?', tools: TOOLS });
    const events: Event[] = [];
    runner.on('event', (event) => void events.push(event));
    const final = await runner.finalResponse();
    const { turn_id: turnId } = about(events[0] && 'response' in events[0] ? events[0].response : {});
    const calls = final.output.filter(({ type }) => type === 'function_call');
    t.deepEqual(
      calls.map((each) => each.type === 'function_call' && [each.call_id, each.name, each.arguments]),
      [OSLO, ROME].map(({ id, name, arguments: argumentsText }) => [id, name, argumentsText]),
    );
    t.is(final.output_text, text ?? '');
    const types = events.map(({ type }) => type);
    t.deepEqual(types.slice(-9), [
      ...[1, 2].flatMap(() => [
        'response.output_item.added',
        'response.function_call_arguments.delta',
        'response.function_call_arguments.done',
        'response.output_item.done',
      ]),
      'response.completed',
    ] as typeof types);
    t.is(types.includes('response.output_text.done'), text !== undefined);
    const added = events.filter((event) => event.type === 'response.output_item.added');
    t.deepEqual(
      added.map((event) => event.type === 'response.output_item.added' && event.output_index),
      text === undefined ? [0, 1] : [0, 1, 2],
    );
    const numbers = events.map(({ sequence_number: number }) => number);
    t.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
    t.is(new Set(numbers).size, numbers.length);
    for (const [at, number] of numbers.slice(0, -1).entries()) {
      const rest: number[] = [];
      const stream = await client.responses.retrieve(`resp_${turnId}`, { stream: true, starting_after: number });
      for await (const event of stream) rest.push(event.sequence_number);
      t.is(rest.at(-1), numbers.at(-1), `after ${number}`);
      t.deepEqual(rest.slice(-Math.min(9, numbers.length - at - 1)), numbers.slice(at + 1).slice(-9));
    }
  });

test('results of unknown calls, and of some calls only, are refused', async (t) => {
  const { create } = await start(t);
  const first = await create('Weather?');
  const more = { previous_response_id: first.id };
  t.like(await failureOf(create([output('call_other', 'x')], more)), { status: 400, param: 'input[0].call_id' });
  const some = await failureOf(create([output('call_oslo', 'x')], more));
  t.like(some, { status: 400, param: 'input[0].call_id' });
  t.regex(some.message, /missing: call_rome/);
  const named = { metadata: { session_id: about(first).session_id } };
  const both = [output('call_oslo', 'cold'), output('call_rome', 'warm')];
  t.is((await create(both, named)).output_text, 'Cold and warm.', 'the session is enough');
});

test('a request that is repeated under its key gets the same turn', async (t) => {
  const { client, create } = await start(t);
  const first = await create('Weather?');
  const results = [output('call_oslo', 'cold'), output('call_rome', 'warm')];
  for (const more of [{ previous_response_id: first.id }, { metadata: { session_id: about(first).session_id } }]) {
    const post = () =>
      client.responses.create(
        { model: 'turnkeeper', user: 'ann', input: results, ...more },
        { headers: { 'Idempotency-Key': JSON.stringify(Object.keys(more)) } },
      );
    t.is(about(await post()).turn_id, about(await post()).turn_id);
  }
});

test('a background response that is held shows no calls before the decision', async (t) => {
  const { url, client, create } = await start(t);
  const first = await create('urgent: weather?', { background: true });
  const held = await (async () => {
    for (;;) {
      const turn = await turnOf(url, about(first).turn_id);
      if (turn.status === 'awaiting_review') return turn;
    }
  })();
  t.deepEqual((await client.responses.retrieve(first.id)).output, []);
  await decide(url, held.review!.review_id, { decision: 'approve' });
  t.is((await client.responses.retrieve(first.id)).output.length, 2);
});
