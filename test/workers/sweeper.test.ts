// The steps of the sweeper do not wait for each other, and their pauses are short.
import test, { type ExecutionContext } from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { Queues } from '../../src/workers/queues.ts';
import { Sweeper, type SweepStep } from '../../src/workers/sweeper.ts';
import { eventually } from '../support/client.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';
import { freshDatabase, redisUrl } from '../support/services.ts';

async function setUp(t: ExecutionContext, steps: readonly SweepStep[]) {
  const { url } = await freshDatabase(t);
  await migrateDatabase(url);
  const database = new Database(await connect(url, { poolSize: 4 }));
  t.teardown(() => database.close());
  const log = createLog('silent');
  const redis = await connectRedis(await redisUrl(t), 'fail-fast', log);
  t.teardown(() => redis.disconnect());
  const queues = new Queues(redis, log);
  t.teardown(() => queues.close());
  const sweeper = new Sweeper({ database, queues, steps, metrics: createMetrics(), log });
  return { database, queues, sweeper };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a step that hangs delays neither idle users nor the other steps', async (t) => {
  const hanging = Promise.withResolvers<void>();
  let others = 0;
  const { database, queues, sweeper } = await setUp(t, [
    { run: () => hanging.promise },
    { run: async () => void (others += 1) },
    { when: 'events', run: () => hanging.promise },
  ]);
  const turnId = newId();
  await acceptTurn(database, turnId, newTurnOf('ann'), NO_LIMITS);
  await database.builder('turns').update({ created_at: new Date(Date.now() - 10_000) });
  sweeper.start();
  const jobs = queues.get('chat-requests');
  for (let round = 0; round < 3; round += 1) {
    await eventually('the job is added', async () => (await jobs.count()) === 1, 3_000);
    await jobs.drain();
  }
  t.true(others >= 2, `${others} runs`);
  hanging.resolve();
  await sweeper.stop();
});

test('the pause after a slow run is limited, and there is none after a failed run', async (t) => {
  const [slow, failing]: number[][] = [[], []];
  const { sweeper } = await setUp(t, [
    {
      run: async () => {
        slow!.push(performance.now());
        if (slow!.length === 1) await pause(1_500);
      },
    },
    {
      run: async () => {
        failing!.push(performance.now());
        await pause(1_500);
        throw new Error('unavailable');
      },
    },
  ]);
  sweeper.start();
  await eventually('the slow step runs again', async () => slow!.length > 1, 9_000);
  await sweeper.stop();
  const pauseMs = slow![1]! - slow![0]! - 1_500;
  t.true(pauseMs > 3_000 && pauseMs < 7_000, `${pauseMs} ms`);
  t.true(failing![1]! - failing![0]! < 3_500);
});
