import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { migrateToLatest } from '../../src/store/migrate.ts';
import { WebhookSender } from '../../src/webhooks/webhook-sender.ts';
import { resolverFor } from '../../src/outbound/names.ts';
import { eventually } from '../support/client.ts';
import { freshDatabase } from '../support/services.ts';

test('a sweep deletes old deliveries, ends deliveries of removed webhooks, and keeps the rest', async (t) => {
  const builder = await connect((await freshDatabase(t)).url, { poolSize: 4 });
  t.teardown(() => builder.destroy());
  await migrateToLatest(builder);
  const add = async (event: string, status: string, endedDaysAgo: number | null) => {
    await builder.raw(
      `insert into webhook_deliveries (delivery_id, webhook_id, user_id, event, status, next_attempt_at, ended_at)
       values (?, ?, 'ann', ?, ?, case when ?::text = 'pending' then now() end, now() - ?::int4 * interval '1 day')`,
      [newId(), newId(), event, status, status, endedDaysAgo] as string[],
    );
  };
  await add('delivered long ago', 'delivered', 8);
  await add('delivered recently', 'delivered', 6);
  await add('dead long ago', 'dead', 31);
  await add('dead recently', 'dead', 29);
  await add('webhook removed', 'pending', null);
  const webhookSender = new WebhookSender({
    database: new Database(builder),
    post: { allowPrivate: true, resolve: resolverFor(true) },
    show: () => ({}),
    metrics: createMetrics(),
    log: createLog('silent'),
  });
  await webhookSender.sweep();
  const rows = await eventually('the pending delivery is dead', async () => {
    const found = await builder<{ event: string; status: string; last_error: string | null }>('webhook_deliveries')
      .select('event', 'status', 'last_error')
      .orderBy('event');
    return found.every(({ status }) => status !== 'pending') && found;
  });
  await webhookSender.stop(1_000);
  t.deepEqual(
    rows.map(({ event }) => event),
    ['dead recently', 'delivered recently', 'webhook removed'],
  );
  t.like(rows[2], { status: 'dead', last_error: 'The webhook was removed.' });
});
