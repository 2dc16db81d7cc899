import test from 'ava';
import { Redis } from 'ioredis';
import { startApp } from '../support/app.ts';
import { chat } from '../support/client.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { read, Reading } from '../support/sse.ts';

const STREAMS = 1_000;
const CLIENTS = 16;
const CUTS = 3;
const WORDS = 30;
const replyTo = (text: string) => Array.from({ length: WORDS }, (_, number) => `${text}/${number}`).join(' ');

test('1,000 streams at once, each cut and resumed three times at random: every reader has exactly the reply', async (t) => {
  t.timeout(120_000);
  const app = await startApp(t, { settings: { WORKER_CONCURRENCY: String(STREAMS) } });
  const other = await startSecondIngress(t, app);
  let letGo = () => {};
  const allAccepted = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  app.model.script(async (call) => {
    if (call.kind !== 'chat') return {};
    await allAccepted;
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
  const counting = setInterval(() => void connections().then((now) => (most = Math.max(most, now))), 500);
  t.teardown(() => clearInterval(counting));

  const turnIds: string[] = [];
  let next = 0;
  const accept = async () => {
    for (let number = next++; number < STREAMS; number = next++)
      turnIds[number] = (await chat(app.url, { user_id: `user-${number}`, text: `message ${number}` })).turn_id;
  };
  await Promise.all(Array.from({ length: CLIENTS }, accept));

  const follow = async (number: number): Promise<Reading> => {
    const turnId = turnIds[number]!;
    const reading = new Reading();
    for (let cut = 0; cut < CUTS && !reading.isOver; cut += 1) {
      const until = reading.events.length + 1 + Math.floor(Math.random() * 6);
      await read((number + cut) % 2 ? other.url : app.url, turnId, reading, ({ events }) => events.length >= until);
    }
    if (!reading.isOver) await read(app.url, turnId, reading);
    return reading;
  };
  const following = Promise.all(Array.from({ length: STREAMS }, (_, number) => follow(number)));
  letGo();
  const readings = await following;
  let pieces = 0;
  for (const [number, reading] of readings.entries()) {
    const expected = replyTo(`message ${number}`);
    // Who came so late that the turn had ended is told its end alone.
    if (reading.begun > 0) t.is(reading.text, expected);
    t.is(reading.turn?.reply, expected);
    pieces += reading.events.filter(({ event }) => event === 'delta').length;
  }
  t.true(pieces > STREAMS * 5, `${pieces} pieces`);
  t.true(most - before <= 3, `${before} connections to Redis before, ${most} while 1,000 read`);
  console.log(`${pieces} pieces; ${most} connections to Redis`);
});
