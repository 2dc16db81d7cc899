// The connections of a running process die without a sign. Service is back within 20 s, and the last turn is answered
// within 40 s.
import { randomUUID } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { startApp, type TestApp } from '../support/app.ts';
import { call, eventually, waitForTurn, type TurnJson } from '../support/client.ts';
import { freshDatabase, redisUrl } from '../support/services.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const SERVICE_MS = 20_000;
const TAIL_MS = 40_000;
/** Time for turns before the connections die. */
const BEFORE_MS = 1_500;
const EVERY_MS = 50;
const NEW_HANG_MS = 2_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Sent {
  readonly at: number;
  readonly turnId: string;
}

/** Sends a message and repeats it with its key until it is accepted. `at`: when its first request was sent. */
async function send({ url }: TestApp, number: number): Promise<Sent & { firstMs: number; firstOk: boolean }> {
  const headers = { 'idempotency-key': randomUUID() };
  const body = { user_id: `user-${number % 25}`, text: `message ${number}` };
  const at = performance.now();
  let first: { firstMs: number; firstOk: boolean } | null = null;
  for (;;) {
    const reply = await call<TurnJson>(url, '/chat', { body, headers });
    first ??= { firstMs: performance.now() - at, firstOk: reply.status === 202 };
    if (reply.status === 202 || reply.status === 200) return { at, turnId: reply.body.turn_id, ...first };
    if (reply.status !== 503) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`);
    await sleep(500);
  }
}

/** Runs load, lets connections die, and checks the times. */
async function survives(t: ExecutionContext, dead: (open: number) => number, forMs: number) {
  const { url: databaseUrl } = await freshDatabase(t);
  const proxy = await startTcpProxy(t, databaseUrl);
  const app = await startApp(t, { databaseUrl: proxy.url });
  app.model.script(() => ({ delayMs: 200 }));
  // Concurrent reads, so that many connections are open.
  await Promise.all(Array.from({ length: 200 }, (_, n) => call(app.url, `/users/user-${n}/turns`)));
  const sends: Promise<Awaited<ReturnType<typeof send>>>[] = [];
  const started = performance.now();
  let died = 0;
  for (let number = 0; performance.now() - started < forMs; number += 1) {
    sends.push(send(app, number));
    if (died === 0 && performance.now() - started > BEFORE_MS) {
      const open = proxy.connections().toSorted((a, b) => a.silentMs - b.silentMs);
      for (const connection of open.slice(0, dead(open.length))) connection.lose();
      // As long as the network is broken, new connections hang too.
      proxy.newConnections('hang');
      setTimeout(() => proxy.newConnections('accept'), NEW_HANG_MS);
      died = performance.now();
      t.log(`${dead(open.length)} of ${open.length} connections die`);
    }
    await sleep(EVERY_MS);
  }
  const sent = await Promise.all(sends);
  const turns = await Promise.all(sent.map(({ turnId }) => waitForTurn(app.url, turnId, TAIL_MS)));
  const tail = performance.now() - died;
  const slow = sent.filter(({ firstMs, firstOk }) => !firstOk || firstMs > 2_000);
  const back = Math.max(0, ...slow.map(({ at, firstMs }) => at + firstMs - died));
  const until = Math.max(0, ...slow.map(({ at }) => at - died));
  t.log(
    `${slow.length} of ${sent.length} requests suffer; last one sent after ${Math.round(until)} ms, answered after ${Math.round(back)} ms`,
  );
  t.log(`the last turn is answered ${Math.round(tail)} ms after; ${app.model.chatCalls.length} model calls`);
  t.true(turns.every(({ status }) => status === 'completed'));
  t.is(new Set(sent.map(({ turnId }) => turnId)).size, sent.length);
  t.true(until < SERVICE_MS && back < SERVICE_MS);
  t.true(tail < TAIL_MS);
  t.deepEqual(app.fatal, []);
  return { slow, sent };
}

test('all connections to the database die', async (t) => {
  await survives(t, (open) => open, 16_000);
});

test('the three connections to the database that were used last die', async (t) => {
  const { slow, sent } = await survives(t, () => 3, 8_000);
  t.true(slow.length < sent.length / 5);
});

test('all connections to Redis die', async (t) => {
  const proxy = await startTcpProxy(t, await redisUrl(t));
  const app = await startApp(t, { redisUrl: proxy.url });
  const before = proxy.connections();
  for (const connection of before) connection.lose();
  const died = performance.now();
  const { turnId } = await send(app, 1);
  t.is((await waitForTurn(app.url, turnId)).status, 'completed');
  await eventually('all are replaced', async () => before.every(({ isOpen }) => !isOpen), 25_000);
  t.log(`${before.length} connections are replaced after ${Math.round(performance.now() - died)} ms`);
  await eventually('ready', async () => (await call(app.url, '/readyz')).status === 200);
  await eventually('as many as before', async () => proxy.connections().length === before.length);
});
