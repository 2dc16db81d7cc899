// The clients and the seeds of the benchmark on a small turnkeeper.
import { closedLoop } from '../../bench/clients/closed-loop.ts';
import { openLoop } from '../../bench/clients/open-loop.ts';
import { call } from '../../bench/clients/http.ts';
import { verifyRows } from '../../bench/clients/rows.ts';
import { seedReviews, seedTurns, seedUsers } from '../../bench/scenarios/seed.ts';
import { assertDurable } from '../../bench/systems/durability.ts';
import { settled } from '../../bench/systems/settle.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { startApp } from '../support/app.ts';
import { onPostgres } from '../support/services.ts';

const shape = { what: 'test', users: 4, clients: 8, turns: 40, modelMs: 0 };

onPostgres('a closed loop, an open loop and seeded rows leave correct rows', async (t) => {
  const app = await startApp(t);
  const database = new Database(await connect(app.databaseUrl, { poolSize: 1 }));
  const redis = await connectRedis(app.redisUrl, 'patient', createLog('silent'));
  t.teardown(async () => {
    redis.disconnect();
    await database.close();
  });
  // The server of the tests does not flush to disk.
  await t.throwsAsync(assertDurable(database), { message: /fsync is off/ });

  await seedTurns(database, 'closed', shape.users, 3);
  await seedTurns(database, 'closed', shape.users, 8);
  await seedUsers(database, 'other', 20);
  await seedReviews(database, 'parked', 5);
  const { items } = await call<{ items: unknown[] }>('GET', `${app.url}/users/closed-0/conversations`, 200);
  t.is(items.length, 16);

  const since = new Date();
  const load = { kind: 'closed', url: app.url, prefix: 'closed', capMs: 10_000 } as const;
  const closed = await closedLoop({ ...load, shape: { ...shape, streamEvery: 4 } });
  t.deepEqual(closed.faults, []);
  t.is(Math.min(...closed.turns.map(({ seq }) => seq!)), 9);
  await settled({ database, redis }, app.url, closed.turns);
  t.deepEqual(await verifyRows(app.url, closed.turns, since), []);

  const submitted = await closedLoop({ ...load, prefix: 'submitted', shape: { ...shape, submitOnly: true } });
  t.deepEqual(submitted.faults, []);
  t.deepEqual(await verifyRows(app.url, submitted.turns, since), []);

  const open = await openLoop({
    kind: 'open',
    url: app.url,
    prefix: 'open',
    users: 4,
    perSecond: 100,
    seconds: 0.3,
    maxUnanswered: 64,
  });
  t.deepEqual([open.faults, open.refusals], [[], {}]);
  t.true(open.turns.length >= 20);
  t.deepEqual(await verifyRows(app.url, open.turns, since), []);
});

onPostgres('refusals of an open loop are counted, and turns are accepted after Retry-After', async (t) => {
  const { url } = await startApp(t, { settings: { QUEUE_LIMIT_PER_USER: '1' } });
  const load = {
    kind: 'open',
    url,
    prefix: 'full',
    users: 1,
    perSecond: 400,
    seconds: 0.2,
    maxUnanswered: 200,
  } as const;
  const { refusals, faults, turns, retries } = await openLoop(load);
  t.deepEqual(faults, []);
  t.deepEqual(Object.keys(refusals), ['429 user_queue_full']);
  t.true(turns.length > 0);
  t.true(retries.accepted > 0);
});
