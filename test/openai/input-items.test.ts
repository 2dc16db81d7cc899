// GET /v1/responses/{id}/input_items, with OpenAI's Node client.
import test from 'ava';
import type OpenAI from 'openai';
import { startApp } from '../support/app.ts';
import { call } from '../support/client.ts';
import { decide, turnOf } from '../reviews/support.ts';
import { about, clientOf, failureOf } from './support.ts';

interface List {
  readonly object: string;
  readonly data: readonly object[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

type Item = OpenAI.Responses.ResponseItem;
const textOf = (item: Item) =>
  item.type === 'message' ? item.content.map((part) => ('text' in part ? part.text : '')).join('') : item.type;

async function itemsOf(client: OpenAI, id: string, query: OpenAI.Responses.InputItemListParams = {}): Promise<Item[]> {
  const items: Item[] = [];
  // The client reads all pages.
  for await (const item of client.responses.inputItems.list(id, query)) items.push(item);
  return items;
}

test('a response without history has one input item', async (t) => {
  const { url } = await startApp(t);
  const response = await clientOf(url).responses.create({ model: 'turnkeeper', user: 'ann', input: 'one' });
  const { status, body } = await call<List>(url, `/v1/responses/${response.id}/input_items`);
  t.is(status, 200);
  const id = `msg_in_${about(response).turn_id}`;
  t.deepEqual(body, {
    object: 'list',
    data: [{ id, type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: 'one' }] }],
    first_id: id,
    last_id: id,
    has_more: false,
  } as List);
});

test('the items of a conversation are listed newest first, or oldest first, in pages of any size', async (t) => {
  const { url } = await startApp(t);
  const client = clientOf(url);
  const ids: string[] = [];
  const create = async (input: string) => {
    const previous = ids.at(-1);
    const more = previous === undefined ? {} : { previous_response_id: previous };
    const response = await client.responses.create({ model: 'turnkeeper', user: 'ann', input, ...more });
    ids.push(response.id);
    return response;
  };
  await create('one');
  await create('two');
  const held = await create('urgent');
  await create('three');
  const texts = ['one', 'echo: one', 'two', 'echo: two', 'three'];
  // A turn of another session, and later turns, do not belong to the list.
  await client.responses.create({ model: 'turnkeeper', user: 'ann', input: 'elsewhere' });
  await create('four');
  for (const limit of [1, 2, 3, 5, 100]) {
    t.deepEqual((await itemsOf(client, ids[3]!, { order: 'asc', limit })).map(textOf), texts, `asc ${limit}`);
    t.deepEqual((await itemsOf(client, ids[3]!, { limit })).map(textOf), texts.toReversed(), `desc ${limit}`);
  }
  const ascending = await itemsOf(client, ids[3]!, { order: 'asc' });
  const roles = ascending.map((item) => item.type === 'message' && item.role);
  t.deepEqual(roles, ['user', 'assistant', 'user', 'assistant', 'user']);
  // The reply has the same id and the same form as in its response.
  t.deepEqual(ascending[1], (await client.responses.retrieve(ids[0]!)).output[0] as Item);
  const page = await client.responses.inputItems.list(ids[3]!, { limit: 2, include: ['reasoning.encrypted_content'] });
  t.true(page.has_more);
  t.is(page.data.length, 2);
  // An approved reply is part of the list.
  const { review } = await turnOf(url, about(held).turn_id);
  await decide(url, review!.review_id, { decision: 'approve' });
  const all = ['one', 'echo: one', 'two', 'echo: two', 'urgent', 'echo: urgent', 'three'];
  t.deepEqual((await itemsOf(client, ids[3]!, { order: 'asc', limit: 3 })).map(textOf), all);
  t.deepEqual((await itemsOf(client, ids[3]!, { limit: 3 })).map(textOf), all.toReversed());
});

test('invalid queries and unknown ids are errors', async (t) => {
  const { url } = await startApp(t);
  const client = clientOf(url);
  const first = await client.responses.create({ model: 'turnkeeper', user: 'ann', input: 'one' });
  const other = await client.responses.create({ model: 'turnkeeper', user: 'ann', input: 'two' });
  const foreign = await client.responses.create({ model: 'turnkeeper', user: 'bob', input: 'three' });
  for (const [query, param] of [
    ['limit=0', 'query.limit'],
    ['limit=101', 'query.limit'],
    ['limit=x', 'query.limit'],
    ['order=up', 'query.order'],
    ['colour=red', 'query.colour'],
    ['after=msg_1', 'query.after'],
    ['after=', 'query.after'],
    [`after=msg_in_${about(other).turn_id}`, 'query.after'],
    [`after=msg_${about(foreign).turn_id}`, 'query.after'],
    [`after=${first.id}`, 'query.after'],
  ] as const) {
    const { status, body } = await call<{ error: object }>(url, `/v1/responses/${first.id}/input_items?${query}`);
    t.is(status, 400, query);
    t.like(body.error, { code: 'invalid_request', param }, query);
  }
  t.like(await failureOf(itemsOf(client, 'resp_x')), { status: 404, code: 'turn_not_found' });
  const { body } = await call<List>(url, `/v1/responses/${first.id}/input_items?after=msg_in_${about(first).turn_id}`);
  t.deepEqual(body, { object: 'list', data: [], first_id: null, last_id: null, has_more: false } as List);
});

test('the items are those of the branch that the response continues', async (t) => {
  const { url } = await startApp(t);
  const client = clientOf(url);
  const create = (input: string, previous?: OpenAI.Responses.Response) =>
    client.responses.create({ model: 'turnkeeper', user: 'ann', input, previous_response_id: previous?.id ?? null });
  const one = await create('one');
  const two = await create('two', one);
  const other = await create('other', one);
  const last = await create('last', other);
  await create('three', two);
  const expected = ['one', 'echo: one', 'other', 'echo: other', 'last'];
  for (const limit of [1, 2, 100]) {
    t.deepEqual((await itemsOf(client, last.id, { order: 'asc', limit })).map(textOf), expected);
    t.deepEqual((await itemsOf(client, last.id, { order: 'desc', limit })).map(textOf), expected.toReversed());
  }
  const after = `msg_in_${about(two).turn_id}`;
  for (const order of ['asc', 'desc'] as const)
    t.is((await call(url, `/v1/responses/${last.id}/input_items?order=${order}&after=${after}`)).status, 400, order);
});
