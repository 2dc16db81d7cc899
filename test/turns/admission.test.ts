// Back pressure: a process that cannot accept fast enough refuses at once, and loses nothing that it has accepted.
import { Client } from 'pg';
import { startApp } from '../support/app.ts';
import { call, eventually, type TurnJson } from '../support/client.ts';
import { freshDatabase, onPostgres } from '../support/services.ts';

onPostgres('accepts beyond those under way are refused at once, with Retry-After', async (t) => {
  const { url: databaseUrl } = await freshDatabase(t);
  const { url } = await startApp(t, { databaseUrl });
  const blocker = new Client(databaseUrl);
  await blocker.connect();
  t.teardown(() => blocker.end());
  await blocker.query('begin');
  await blocker.query('lock table users in exclusive mode');
  const refused: { status: number; code: unknown; retryAfter: string | null }[] = [];
  const requests = Array.from({ length: 1_100 }, async (_, n) => {
    const reply = await call<TurnJson>(url, '/chat', { body: { user_id: `user-${n}`, text: 'hello' } });
    if (reply.status !== 202)
      refused.push({
        status: reply.status,
        code: (reply.body as unknown as Record<string, unknown>)['code'],
        retryAfter: reply.headers.get('retry-after'),
      });
    return reply;
  });
  // While the others wait for the lock.
  await eventually('the refusals', async () => refused.length >= 1_100 - 1_024);
  t.is(refused.length, 1_100 - 1_024);
  for (const each of refused) t.deepEqual(each, { status: 503, code: 'queue_full', retryAfter: '1' });
  await blocker.query('rollback');
  const replies = await Promise.all(requests);
  t.is(replies.filter(({ status }) => status === 202).length, 1_024);
  const { rows } = await blocker.query<{ count: number }>('select count(*)::int as count from turns');
  t.is(rows[0]!.count, 1_024);
});
