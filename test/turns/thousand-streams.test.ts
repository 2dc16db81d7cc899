import test from 'ava';
import { Redis } from 'ioredis';
import { startApp } from '../support/app.ts';
import { chat } from '../support/client.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { read, TurnView } from '../support/sse.ts';

const STREAMS = 1_000;
const CLIENTS = 16;
const CUTS = 3;
const WORDS = 30;
const replyTo = (text: string) => Array.from({ length: WORDS }, (_, number) => `${text}/${number}`).join(' ');

test('1,000 concurrent readers, each cut three times at random, all receive exactly their reply', async (t) => {
  t.timeout(120_000);
  const app = await startApp(t, { settings: { WORKER_CONCURRENCY: String(STREAMS) } });
  const other = await startSecondIngress(t, app);
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  app.model.script(async (call) => {
    if (call.kind !== 'chat') return {};
    await released;
    return { text: replyTo(call.lastUserMessage), trickleMs: 100, delayMs: 1_000 };
  });
  const admin = new Redis(app.redisUrl);
  t.teardown(() => admin.disconnect());
  const ofThisApp = ` db=${new URL(app.redisUrl).pathname.slice(1)} `;
  const connections = async () =>
    String(await admin.client('LIST'))
      .split('\n')
      .filter((line) => line.includes(ofThisApp)).length;
  const before = await connections();
  let most = 0;
  const sampling = setInterval(() => void connections().then((now) => (most = Math.max(most, now))), 500);
  t.teardown(() => clearInterval(sampling));

  const turnIds: string[] = [];
  let next = 0;
  const accept = async () => {
    for (let number = next++; number < STREAMS; number = next++)
      turnIds[number] = (await chat(app.url, { user_id: `user-${number}`, text: `message ${number}` })).turn_id;
  };
  await Promise.all(Array.from({ length: CLIENTS }, accept));

  const follow = async (number: number): Promise<TurnView> => {
    const turnId = turnIds[number]!;
    const view = new TurnView();
    for (let cut = 0; cut < CUTS && !view.isFinal; cut += 1) {
      const until = view.events.length + 1 + Math.floor(Math.random() * 6);
      await read((number + cut) % 2 ? other.url : app.url, turnId, view, ({ events }) => events.length >= until);
    }
    if (!view.isFinal) await read(app.url, turnId, view);
    return view;
  };
  const following = Promise.all(Array.from({ length: STREAMS }, (_, number) => follow(number)));
  release();
  const views = await following;
  let deltas = 0;
  for (const [number, view] of views.entries()) {
    const expected = replyTo(`message ${number}`);
    // A reader that connected after the turn was final receives only the final turn.
    if (view.starts > 0) t.is(view.text, expected);
    t.is(view.turn?.reply, expected);
    deltas += view.events.filter(({ event }) => event === 'delta').length;
  }
  t.true(deltas > STREAMS * 5, `${deltas} deltas`);
  t.true(most - before <= 3, `${before} connections to Redis before, ${most} with 1,000 readers`);
  console.log(`${deltas} deltas; ${most} connections to Redis`);
});
