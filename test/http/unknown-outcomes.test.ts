// Writes whose answer is lost, at every writing operation: the response does not say that nothing was done, and the
// repeated request has the effect of one.
import test, { type ExecutionContext } from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, eventually, waitForTurn, type Call, type Reply, type TurnJson } from '../support/client.ts';
import { freshDatabase } from '../support/services.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { park } from '../reviews/support.ts';

type Body = Record<string, unknown> & { code?: string };

async function start(t: ExecutionContext) {
  const { url: databaseUrl } = await freshDatabase(t);
  const proxy = await startTcpProxy(t, databaseUrl);
  const app = await startApp(t, {
    databaseUrl: proxy.url,
    settings: { REVIEW_KEYWORDS: 'help', WEBHOOK_ALLOW_PRIVATE: 'yes' },
  });
  /** Sends the request while the answer to the last of these statements is lost. */
  const lost = async (statements: string, path: string, request: Call): Promise<Reply<Body>> => {
    const forwarded = proxy.loseAnswerTo(statements.split(' '));
    const reply = await call<Body>(app.url, path, request);
    await forwarded;
    return reply;
  };
  const isUnknown = (reply: Reply<Body>, what: string) => {
    t.deepEqual([reply.status, reply.body.code], [503, 'outcome_unknown'], what);
    t.truthy(reply.headers.get('retry-after'), what);
  };
  return { ...app, proxy, lost, isUnknown };
}

test('a message whose acceptance was not answered is accepted once', async (t) => {
  const { url, model, lost, isUnknown } = await start(t);
  const posts = [
    ['accept-shared', { user_id: 'ann', text: 'one' }],
    ['accept-insert COMMIT', { user_id: 'ann', text: 'two', on_busy: 'reject' }],
  ] as const;
  for (const [statement, body] of posts) {
    const request = { body, headers: { 'idempotency-key': body.text } };
    isUnknown(await lost(statement, '/chat', request), statement);
    const again = await call<TurnJson>(url, '/chat', request);
    t.true(again.status === 202 || again.status === 200);
    t.is((await waitForTurn(url, again.body.turn_id)).status, 'completed');
  }
  t.is(model.chatCalls.length, posts.length);
  const { body } = await call<{ items: unknown[] }>(url, '/users/ann/turns');
  t.is(body.items.length, posts.length);
});

test('clients of OpenAI repeat the request only if it has a key', async (t) => {
  const { url, lost } = await start(t);
  const body = { model: 'turnkeeper', user: 'ann', messages: [{ role: 'user', content: 'Hi' }] };
  const send = async (headers: Record<string, string>) => {
    const reply = await lost('accept-shared', '/v1/chat/completions', { body, headers });
    return [reply.status, (reply.body['error'] as Body).code, reply.headers.get('x-should-retry')];
  };
  t.deepEqual(await send({}), [503, 'outcome_unknown', 'false']);
  t.deepEqual(await send({ 'idempotency-key': 'a' }), [503, 'outcome_unknown', null]);
  const response = { model: 'turnkeeper', user: 'ann', input: 'Hi', background: true };
  const { body: created } = await call<{ id: string }>(url, '/v1/responses', { body: response });
  const cancelled = await lost('cancel-turn', `/v1/responses/${created.id}/cancel`, { method: 'POST' });
  t.deepEqual([cancelled.status, cancelled.headers.get('x-should-retry')], [503, 'false']);
});

test('every other writing operation reports an unknown outcome, and may be repeated', async (t) => {
  const { url, model, lost, isUnknown } = await start(t);
  const { turn_id: turnId, review } = await park(url, 'ann', 'help');
  const { turn_id: other } = await park(url, 'ben', 'help');
  model.script(({ lastUserMessage }) => (lastUserMessage === 'bad' ? { status: 400 } : {}));
  const { turn_id: failed } = await chat(url, { user_id: 'cleo', text: 'bad' });
  t.is((await waitForTurn(url, failed)).status, 'failed');
  const target = { url: 'http://127.0.0.1:9/hook' };
  const added = await call<{ webhook_id: string }>(url, '/webhooks', { body: target });
  t.is(added.status, 201);
  const hook = `/webhooks/${added.body.webhook_id}`;
  const decision = { decision: 'approve' };
  const operations: [string, string, Call, number][] = [
    ['review-claim', `/reviews/${review!.review_id}/claim`, { method: 'POST' }, 200],
    ['review-release', `/reviews/${review!.review_id}/claim`, { method: 'DELETE' }, 204],
    ['kept-keep', `/reviews/${review!.review_id}/decision`, { body: decision }, 200],
    ['review-cancel', `/turns/${other}/cancel`, { method: 'POST' }, 200],
    // It was applied: the turn is not failed any more, or has failed again.
    ['retry-turn', `/turns/${failed}/retry`, { method: 'POST' }, 409],
    ['actor-state-set', '/memories/ann', { method: 'PATCH', body: { name: 'Ann' } }, 200],
    ['actor-state-set', '/memories/ann', { method: 'DELETE' }, 204],
    ['analytics-initialize', '/analytics/ann/initialize', { body: { message_count: 1 } }, 200],
    ['webhook-add', '/webhooks', { body: target }, 201],
    ['webhook-change', hook, { method: 'PATCH', body: { enabled: false } }, 200],
    ['webhook-remove', hook, { method: 'DELETE' }, 404],
    ['erasure-begin COMMIT', '/users/ann', { method: 'DELETE' }, 202],
  ];
  for (const [statement, path, request, expected] of operations) {
    const what = `${request.method ?? 'POST'} ${path}`;
    isUnknown(await lost(statement, path, request), what);
    t.is((await call(url, path, request)).status, expected, `${what} again`);
  }
  t.is((await call(url, `/turns/${turnId}`)).status, 404, 'erased');
});

test('what only reads, and what was never sent, is refused as unavailable', async (t) => {
  const { url, proxy, lost } = await start(t);
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'one' });
  await waitForTurn(url, turnId);
  const read = await lost('turns-by-id', `/turns/${turnId}`, {});
  t.deepEqual([read.status, read.body.code], [503, 'database_unavailable']);
  proxy.newConnections('refuse');
  for (const connection of proxy.connections()) connection.cut();
  // A statement on a connection whose end this process has not seen yet is sent.
  await eventually('unready', async () => (await call(url, '/readyz')).status === 503);
  const refused = await call<Body>(url, '/chat', { body: { user_id: 'ann', text: 'two' } });
  t.deepEqual([refused.status, refused.body.code], [503, 'database_unavailable']);
});
