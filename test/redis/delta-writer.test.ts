// When the deltas of a reply reach Redis.
import { Redis } from 'ioredis';
import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { RedisDeltaWriter } from '../../src/redis/delta-writer.ts';
import { streamOf } from '../../src/redis/delta-records.ts';
import { eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { redisUrl } from '../support/services.ts';

async function open(t: Owner) {
  const redis = new Redis(await redisUrl(t));
  t.teardown(() => redis.disconnect());
  const turnId = newId();
  const entries = async () => (await redis.xrange(streamOf(turnId), '-', '+')).map(([, fields]) => fields[1]);
  return { writer: new RedisDeltaWriter(redis), turnId, entries };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a reply that ends before the first flush writes nothing', async (t) => {
  const { writer, turnId, entries } = await open(t);
  const sink = writer.open(turnId, { epoch: 1, attempt: 1 });
  sink.write('a fast reply');
  sink.restart(2);
  sink.write('another one');
  sink.end();
  await sleep(100);
  t.deepEqual(await entries(), []);
});

test('a reply that takes longer is written while it grows, to its end', async (t) => {
  const { writer, turnId, entries } = await open(t);
  const sink = writer.open(turnId, { epoch: 1, attempt: 1 });
  sink.write('one ');
  await eventually('the first delta', async () => (await entries()).length === 2);
  sink.write('two');
  sink.end();
  await eventually('the last delta', async () => (await entries()).length === 3);
  t.is((await entries()).join(''), 'one two');
});

test('an attempt that restarts a visible reply is written, however fast it ends', async (t) => {
  const { writer, turnId, entries } = await open(t);
  const sink = writer.open(turnId, { epoch: 1, attempt: 1 });
  sink.write('first ');
  await eventually('the first attempt', async () => (await entries()).length === 2);
  sink.restart(2);
  sink.write('second');
  sink.end();
  await eventually('the second attempt', async () => (await entries()).includes('second'));
  t.deepEqual(await entries(), ['', 'first ', '', 'second']);
});
