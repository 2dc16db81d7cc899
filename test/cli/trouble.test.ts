// Connection loss, a busy or unavailable server, and responses that are not turnkeeper's.
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

test('a stream that is interrupted twice resumes without gap, repeat or restart', async (t) => {
  const app = await startApp(t);
  const proxy = await startCuttable(t, app.url);
  app.model.script((call) => (call.kind === 'chat' ? { text: REPLY, trickleMs: 100 } : {}));
  const { turn_id } = await chat(app.url, { user_id: 'ann', text: 'hello' });
  const following = start(t, ['turn', turn_id, '--follow', '--json', '--url', proxy.url]);
  await following.sees('word-5');
  t.true(proxy.cut() > 0);
  await following.sees('word-25');
  t.true(proxy.cut() > 0);
  const { code, stdout } = await following.ended;
  t.is(code, 0);
  const events = jsonLines<Event>(stdout);
  t.is(events.map(({ text = '' }) => text).join(''), REPLY);
  t.is(new Set(events.map(({ id }) => id)).size, events.length);
  t.is(events.filter(({ turn }) => turn?.status === 'running').length, 1);
});

test('chat exits with 3 if the server stays unavailable for --patience; the turn is not cancelled', async (t) => {
  const app = await startApp(t);
  const proxy = await startCuttable(t, app.url);
  app.model.script((call) => (call.kind === 'chat' ? { text: REPLY, trickleMs: 100 } : {}));
  const chatting = start(t, ['chat', 'hello', '--user', 'ann', '--patience', '1', '--url', proxy.url]);
  await chatting.sees('word-3');
  proxy.stop();
  const { code, stderr } = await chatting.ended;
  t.is(code, 3);
  t.regex(stderr, /Connection lost\. Reconnecting/);
  t.regex(stderr, /Cannot reach /);
  const { body } = await fetch(`${app.url}/users/ann/turns`).then(async (r) => ({
    body: (await r.json()) as { items: { status: string }[] },
  }));
  t.not(body.items[0]!.status, 'cancelled');
});

test('a refused connection exits with 3 at once', async (t) => {
  const app = await startApp(t);
  await app.stop();
  const { code, stderr } = await run(t, ['chat', 'hello', '--user', 'ann', '--url', app.url, '--json']);
  t.is(code, 3);
  t.regex(jsonLines<{ error: { title: string } }>(stderr)[0]!.error.title, /^Cannot reach .*ECONNREFUSED/);
});

test('Retry-After is obeyed and shown, but not beyond --patience', async (t) => {
  let requests = 0;
  const url = await startAnswering(t, (_request, response) => {
    requests += 1;
    const problem = {
      type: 'about:blank',
      title: 'Too many queued turns',
      status: 503,
      detail: 'Later.',
      code: 'queue_full',
    };
    if (requests === 2) response.end(JSON.stringify({ items: [], next_cursor: null }));
    else
      response
        .writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': requests === 1 ? '1' : '600' })
        .end(JSON.stringify(problem));
  });
  const began = Date.now();
  const patient = await run(t, ['reviews', '--url', url]);
  t.is(patient.code, 0);
  t.true(Date.now() - began >= 1_000);
  t.regex(patient.stderr, /Too many queued turns\. Retrying in 1 s/);
  const failed = await run(t, ['reviews', '--url', url]);
  t.is(failed.code, 3);
  t.regex(failed.stderr, /Too many queued turns: Later\. Retry after 600 s\./);
  t.is(requests, 3);
});

test('a message without a response is retried once with the same idempotency key', async (t) => {
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

test('a response that is not turnkeeper’s is reported', async (t) => {
  const html = await startAnswering(t, (_request, response) => void response.end('<html>'));
  const other = await run(t, ['reviews', '--url', html]);
  t.is(other.code, 1);
  t.regex(other.stderr, /did not return JSON/);
  const gateway = await startAnswering(t, (_request, response) => void response.writeHead(502).end('<html>'));
  const failed = await run(t, ['reviews', '--url', gateway]);
  t.is(failed.code, 3);
  t.regex(failed.stderr, /HTTP 502 Bad Gateway/);
});

test('an interrupted export exits with 3 and reports that it is incomplete', async (t) => {
  const url = await startAnswering(t, (_request, response) => {
    response.write('{"user_id":"eve","turns":[');
    setTimeout(() => response.destroy(), 200);
  });
  const { code, stderr } = await run(t, ['users', 'export', 'eve', '--url', url]);
  t.is(code, 3);
  t.regex(stderr, /incomplete/);
});

test('dead-letters list reads several pages; dead-letters replay queues a job again', async (t) => {
  const { url, redisUrl } = await startApp(t);
  const queue = topic(t, redisUrl, 'conversations');
  for (let n = 1; n <= 120; n += 1) await queue.add('nonsense', { subject: 'ann\u001b[2J', n }, { jobId: `a/${n}` });
  await eventually('120 failed jobs', async () => (await queue.getFailedCount()) === 120);
  const listed = await run(t, ['dead-letters', 'list', '--topic', 'conversations', '--limit', '110', '--url', url]);
  t.is(listed.code, 0);
  t.is(listed.stdout.match(/^conversations a\/\d+$/gm)!.length, 110);
  t.regex(listed.stdout, /ann.* failed 20\d\d-.* after 1 attempts\n {2}ignored/);
  t.false(listed.stdout.includes('\u001b'));
  t.regex(listed.stderr, /More results are available/);
  const json = await run(t, ['dead-letters', 'list', '--json', '--limit', '1', '--url', url]);
  const [letter] = (JSON.parse(json.stdout) as { items: { topic: string; job_id: string }[] }).items;
  t.is(letter!.topic, 'conversations');
  const before = (await queue.getJob(letter!.job_id))!.finishedOn!;
  t.is((await run(t, ['dead-letters', 'replay', 'conversations', letter!.job_id, '--url', url])).code, 0);
  await eventually(
    'the job to fail again',
    async () => ((await queue.getJob(letter!.job_id))?.finishedOn ?? 0) > before,
  );
  t.is((await run(t, ['dead-letters', 'replay', 'conversations', 'nobody', '--url', url])).code, 5);
  t.is((await run(t, ['dead-letters', 'list', '--url', url])).code, 0);
});
