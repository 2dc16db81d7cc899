// The way to the server is cut, the server is busy or away, or it is none of ours.
import test from 'ava';
import { startApp } from '../support/app.ts';
import { topic } from '../reviews/support.ts';
import { chat, eventually } from '../support/client.ts';
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

test('dead letters are listed over pages and replayed', async (t) => {
  const { url, redisUrl } = await startApp(t);
  const queue = topic(t, redisUrl, 'conversations');
  for (let n = 1; n <= 120; n += 1) await queue.add('nonsense', { subject: 'ann\u001b[2J', n }, { jobId: `a/${n}` });
  await eventually('all of them failed', async () => (await queue.getFailedCount()) === 120);
  const listed = await run(t, ['dead-letters', 'list', '--topic', 'conversations', '--limit', '110', '--url', url]);
  t.is(listed.code, 0);
  t.is(listed.stdout.match(/^conversations a\/\d+$/gm)!.length, 110);
  t.regex(listed.stdout, /ann.* failed 20\d\d-.* after 1 attempts\n {2}ignored/);
  t.false(listed.stdout.includes('\u001b'));
  t.regex(listed.stderr, /There are more/);
  const json = await run(t, ['dead-letters', 'list', '--json', '--limit', '1', '--url', url]);
  const [letter] = (JSON.parse(json.stdout) as { items: { topic: string; job_id: string }[] }).items;
  t.is(letter!.topic, 'conversations');
  const before = (await queue.getJob(letter!.job_id))!.finishedOn!;
  t.is((await run(t, ['dead-letters', 'replay', 'conversations', letter!.job_id, '--url', url])).code, 0);
  await eventually('it failed again', async () => ((await queue.getJob(letter!.job_id))?.finishedOn ?? 0) > before);
  t.is((await run(t, ['dead-letters', 'replay', 'conversations', 'nobody', '--url', url])).code, 5);
  t.is((await run(t, ['dead-letters', 'list', '--url', url])).code, 0);
});
