// What readers of a turn see of its steps: in the events, and by role.
import test from 'ava';
import { call, chat, eventually } from '../support/client.ts';
import { openEvents } from '../support/sse.ts';
import { sha256Of } from '../../src/domain/text.ts';
import {
  afterDecision,
  ask,
  decideOn,
  reviewOf,
  scripted,
  startToolApp,
  turnOf,
  type ToolTurn,
} from './turn-support.ts';

interface Seen {
  readonly id: string;
  readonly what: string;
}

/** Reads events, which have neither arguments nor results, until the stream ends. */
async function readEvents(url: string, turnId: string, after: string | undefined, onEvent = () => {}): Promise<Seen[]> {
  const stream = await openEvents(url, turnId, { lastEventId: after });
  const seen: Seen[] = [];
  if (stream.status === 204) return seen;
  for await (const { event, id, data } of stream.events) {
    const json = JSON.parse(data) as { status?: string; tool?: string; step?: number; text?: string };
    if (data.includes('SECRET')) throw new Error(`an event has contents: ${data}`);
    const word = event === 'delta' ? `+${json.text}` : json.status!;
    const what = event === 'step' ? `${json.step} ${json.tool} ${word}` : word;
    seen.push({ id, what });
    onEvent();
  }
  stream.close();
  return seen;
}

test('readers get every change of a step, and resume after any of them without gap or repeat', async (t) => {
  const { url, model, server } = await startToolApp(t);
  const rounds = scripted(
    [
      { name: 'get_order', arguments: { order: 'SECRET' } },
      { name: 'get_order', arguments: { order: 'SECRET' } },
    ],
    [{ name: 'refund', arguments: { order: 'SECRET' } }],
  );
  // The model answers when the reader has its first event, so that every change of a step comes after it.
  const opened = Promise.withResolvers<void>();
  model.script(async (one) => {
    await opened.promise;
    const next = rounds(one);
    return next.calls ? { ...next, text: 'Let me look.' } : { text: 'It is done.' };
  });
  server.answer((response) => setTimeout(() => response.end('SECRET'), 200));
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'Refund.' });
  const reading = readEvents(url, turnId, undefined, () => opened.resolve());
  await eventually('it is parked', async () => (await turnOf(url, turnId)).status === 'awaiting_review');
  t.is((await decideOn(url, await turnOf(url, turnId), { decision: 'approve' })).status, 200);
  const all = await reading;
  const statuses = all.map(({ what }) => what);
  const bothDone = statuses.filter((what) => what.endsWith('get_order done'));
  t.is(bothDone.length, 2);
  // A reader may miss that a call is proposed, because it is soon more than that.
  t.deepEqual(
    statuses.filter((what) => /^\d /.test(what) && !what.endsWith('proposed')),
    [
      '1 get_order running',
      '2 get_order running',
      ...bothDone,
      '3 refund awaiting_review',
      '3 refund running',
      '3 refund done',
    ],
  );
  t.deepEqual(
    statuses.filter((what) => ['awaiting_review', 'completed'].includes(what)),
    ['awaiting_review', 'completed'],
  );
  // The deltas after the last `running` are the reply.
  const last = statuses.lastIndexOf('running');
  t.is(
    statuses
      .slice(last)
      .filter((what) => what.startsWith('+'))
      .map((what) => what.slice(1))
      .join(''),
    'It is done.',
  );
  t.is(new Set(all.map(({ id }) => id)).size, all.length);
  // A reader that resumes later sees what is left: the final turn, and no step twice.
  for (const [index, { id }] of all.entries()) {
    const rest = (await readEvents(url, turnId, id)).map(({ what }) => what);
    const seen = new Set(statuses.slice(0, index + 1).filter((what) => /^\d .* done$/.test(what)));
    t.false(
      rest.some((what) => seen.has(what)),
      id,
    );
    if (index < all.length - 1) t.is(rest.at(-1), 'completed', id);
  }
});

test('arguments and results are shown to services, reviewers and administrators only', async (t) => {
  const keys = { ann: 'user:ann', app: 'service', root: 'admin' };
  const { url, model } = await startToolApp(t, {
    settings: {
      AUTH: 'keys',
      API_KEYS: Object.entries(keys)
        .map(([name, role]) => `${name}:${role}:${sha256Of(`key-${name}`)}`)
        .join(','),
    },
  });
  const as = (name: string) => ({ headers: { authorization: `Bearer key-${name}` } });
  model.script(scripted([{ name: 'get_order', arguments: { order: 'SECRET' } }]));
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'Look.' }, as('ann').headers);
  const own = await call<ToolTurn>(url, `/turns/${turnId}?wait=20`, as('ann'));
  t.deepEqual(own.body.steps, [{ step: 1, tool: 'get_order', status: 'done' }]);
  const asService = await call<ToolTurn>(url, `/turns/${turnId}`, as('app'));
  t.like(asService.body.steps[0], { arguments: { order: 'SECRET' }, result: { ok: true }, truncated: false });
  const exported = async (name: string) =>
    (await call<{ turns: ToolTurn[] }>(url, '/users/ann/export', as(name))).body.turns[0]!.steps[0]!;
  t.deepEqual(Object.keys(await exported('ann')), ['step', 'tool', 'status']);
  t.like(await exported('root'), { arguments: { order: 'SECRET' } });
});

test('ToolReviewRequired is published, and the reviews can be listed by kind and assistant', async (t) => {
  const { url, model } = await startToolApp(t);
  model.script(scripted([{ name: 'refund', arguments: { order: 'A1' } }]));
  const parked = await ask(url, 'Refund.');
  const review = await reviewOf(url, parked);
  const list = async (query: string) =>
    (await call<{ items: { review_id: string }[] }>(url, `/reviews?${query}`)).body.items.map(
      ({ review_id: id }) => id,
    );
  t.deepEqual(await list('kind=tool_call'), [review.review_id]);
  t.deepEqual(await list('kind=reply'), []);
  t.deepEqual(await list('assistant=shop'), [review.review_id]);
  t.deepEqual(await list('assistant=other'), []);
  await decideOn(url, parked, { decision: 'reject' });
  t.is((await afterDecision(url, parked)).status, 'completed');
});

test('OpenAI clients get only the reply, not the text before a call', async (t) => {
  const { url, model } = await startToolApp(t);
  const rounds = scripted([{ name: 'get_order', arguments: { order: 'A1' } }]);
  model.script((one) => {
    const next = rounds(one);
    return next.calls ? { ...next, text: 'Let me look that up for you.', trickleMs: 20 } : { text: 'It is done.' };
  });
  const headers = { 'content-type': 'application/json' };
  const post = async (path: string, body: object) =>
    (
      await fetch(url + path, {
        method: 'POST',
        headers,
        body: JSON.stringify({ model: 'turnkeeper', stream: true, ...body }),
      })
    ).text();
  const completion = await post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Look.' }] });
  const response = await post('/v1/responses', { input: 'Look.' });
  for (const stream of [completion, response]) {
    t.true(stream.includes('It is done.'));
    t.false(stream.includes('Let me'));
    t.false(stream.includes('"error":{'));
  }
});
