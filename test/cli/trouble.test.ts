// The way to the server is cut, the server is busy or away, or it is none of ours.
import test from 'ava';
import { startApp } from '../support/app.ts';
import { chat } from '../support/client.ts';
import { jsonLines, run, start, startAnswering, startCuttable } from './support.ts';

const REPLY = Array.from({ length: 60 }, (_, number) => `word-${number}`).join(' ');

interface Event {
  readonly event: string;
  readonly id: string;
  readonly text?: string;
  readonly turn?: { status: string };
}

test('a stream that is cut twice goes on where it was cut: no gap, no repeat, not begun anew', async (t) => {
  const app = await startApp(t);
  const way = await startCuttable(t, app.url);
  app.model.script((call) => (call.kind === 'chat' ? { text: REPLY, trickleMs: 100 } : {}));
  const { turn_id } = await chat(app.url, { user_id: 'ann', text: 'hello' });
  const following = start(t, ['turn', turn_id, '--follow', '--json', '--url', way.url]);
  await following.sees('word-5');
  t.true(way.cut() > 0);
  await following.sees('word-25');
  t.true(way.cut() > 0);
  const { code, stdout } = await following.ended;
  t.is(code, 0);
  const events = jsonLines<Event>(stdout);
  t.is(events.map(({ text = '' }) => text).join(''), REPLY);
  t.is(new Set(events.map(({ id }) => id)).size, events.length);
  t.is(events.filter(({ turn }) => turn?.status === 'running').length, 1);
});

test('a server that stays away is given up when patience ends, with 3; the turn is not cancelled by it', async (t) => {
  const app = await startApp(t);
  const way = await startCuttable(t, app.url);
  app.model.script((call) => (call.kind === 'chat' ? { text: REPLY, trickleMs: 100 } : {}));
  const talking = start(t, ['chat', 'hello', '--user', 'ann', '--patience', '1', '--url', way.url]);
  await talking.sees('word-3');
  way.stop();
  const { code, stderr } = await talking.ended;
  t.is(code, 3);
  t.regex(stderr, /trying again/);
  t.regex(stderr, /Cannot reach /);
  const { body } = await fetch(`${app.url}/users/ann/turns`).then(async (r) => ({
    body: (await r.json()) as { items: { status: string }[] },
  }));
  t.not(body.items[0]!.status, 'cancelled');
});

test('a server that is not there is 3 at once', async (t) => {
  const app = await startApp(t);
  await app.stop();
  const { code, stderr } = await run(t, ['chat', 'hello', '--user', 'ann', '--url', app.url, '--json']);
  t.is(code, 3);
  t.regex(jsonLines<{ error: { title: string } }>(stderr)[0]!.error.title, /^Cannot reach .*ECONNREFUSED/);
});

test('Retry-After is honoured, told, and not waited for beyond patience', async (t) => {
  let asked = 0;
  const url = await startAnswering(t, (_request, response) => {
    asked += 1;
    const problem = {
      type: 'about:blank',
      title: 'Too many turns wait',
      status: 503,
      detail: 'Later.',
      code: 'queue_full',
    };
    if (asked === 2) response.end(JSON.stringify({ items: [], next_cursor: null }));
    else
      response
        .writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': asked === 1 ? '1' : '600' })
        .end(JSON.stringify(problem));
  });
  const began = Date.now();
  const patient = await run(t, ['reviews', '--url', url]);
  t.is(patient.code, 0);
  t.true(Date.now() - began >= 1_000);
  t.regex(patient.stderr, /Too many turns wait\. Trying again in 1 s/);
  const given = await run(t, ['reviews', '--url', url]);
  t.is(given.code, 3);
  t.regex(given.stderr, /Too many turns wait: Later\. Come back in 600 s\./);
  t.is(asked, 3);
});

test('a message whose connection breaks before the answer is sent once more under the same idempotency key', async (t) => {
  const keys: unknown[] = [];
  const url = await startAnswering(t, (request, response) => {
    keys.push(request.headers['idempotency-key']);
    response.destroy();
  });
  t.is((await run(t, ['chat', 'hello', '--user', 'ann', '--url', url])).code, 3);
  t.is(keys.length, 2);
  t.is(typeof keys[0], 'string');
  t.is(keys[0], keys[1]);
});

test('answers that are not turnkeeper’s are told as such', async (t) => {
  const html = await startAnswering(t, (_request, response) => void response.end('<html>'));
  const other = await run(t, ['reviews', '--url', html]);
  t.is(other.code, 1);
  t.regex(other.stderr, /not JSON/);
  const gateway = await startAnswering(t, (_request, response) => void response.writeHead(502).end('<html>'));
  const proxy = await run(t, ['reviews', '--url', gateway]);
  t.is(proxy.code, 3);
  t.regex(proxy.stderr, /HTTP 502 Bad Gateway/);
});

test('an export that breaks off ends with 3 and says that it is incomplete', async (t) => {
  const url = await startAnswering(t, (_request, response) => {
    response.write('{"user_id":"eve","turns":[');
    setTimeout(() => response.destroy(), 200);
  });
  const { code, stderr } = await run(t, ['users', 'export', 'eve', '--url', url]);
  t.is(code, 3);
  t.regex(stderr, /incomplete/);
});

// The real endpoints come with the operations pages; this is the shape that they are agreed to have.
test('dead letters are listed over pages and replayed', async (t) => {
  const calls: string[] = [];
  const letter = { topic: 'conversations', user_id: 'ann', failed_at: '2026-01-01T00:00:00Z', attempts: 5, data: {} };
  const url = await startAnswering(t, (request, response) => {
    calls.push(`${request.method} ${request.url}`);
    if (request.method === 'POST') return void response.writeHead(202).end();
    const second = request.url!.includes('cursor=next');
    const items = [{ ...letter, job_id: second ? '2' : 'a/1', reason: `no\nsuch \u001b[2Jthing` }];
    response.end(JSON.stringify({ items, next_cursor: second ? null : 'next' }));
  });
  const listed = await run(t, ['dead-letters', 'list', '--topic', 'conversations', '--url', url]);
  t.is(listed.code, 0);
  t.regex(listed.stdout, /conversations a\/1\n[^]*ann {2}failed 2026[^]*no such [^]*conversations 2\n/);
  t.false(listed.stdout.includes('\u001b'));
  const json = await run(t, ['dead-letters', 'list', '--json', '--limit', '1', '--url', url]);
  t.like(JSON.parse(json.stdout), { items: [{ job_id: 'a/1' }], next_cursor: 'next' });
  t.is((await run(t, ['dead-letters', 'replay', 'conversations', 'a/1', '--url', url])).code, 0);
  t.deepEqual(calls, [
    'GET /admin/dead-letters?limit=50&topic=conversations',
    'GET /admin/dead-letters?limit=49&topic=conversations&cursor=next',
    'GET /admin/dead-letters?limit=1',
    'POST /admin/dead-letters/conversations/a%2F1/replay',
  ]);
});
