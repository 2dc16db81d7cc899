// Dapr's state store fails (Dapr runtime only): the memory of users is unavailable, which is not an internal error.
import test from 'ava';
import { Client } from 'pg';
import { isAvailable, startApp } from '../support/app.ts';
import { call, eventually } from '../support/client.ts';

const run = isAvailable('dapr') ? test : test.skip;

run('while the state store fails, memory is answered 503', async (t) => {
  const { url, databaseUrl } = await startApp(t, { runtime: 'dapr' });
  const patch = { method: 'PATCH', body: { name: 'Ann' } };
  t.is((await call(url, '/memories/ann', patch)).status, 200);
  const admin = new Client(databaseUrl);
  await admin.connect();
  t.teardown(() => admin.end());
  await admin.query('alter table dapr_state rename to hidden');
  for (const request of [{}, patch, { method: 'DELETE' }]) {
    const { status, headers, body } = await call<{ code: string }>(url, '/memories/ann', request);
    t.deepEqual([status, body.code], [503, 'actors_unavailable']);
    t.truthy(headers.get('retry-after'));
  }
  await admin.query('alter table hidden rename to dapr_state');
  const read = () => call<{ name: string }>(url, '/memories/ann');
  t.is((await eventually('memory', async () => ((await read()).status === 200 ? read() : null))).body.name, 'Ann');
  // Reading works and writing fails: the write may have been applied.
  await admin.query(
    `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`,
  );
  await admin.query('create trigger refuse before insert or update on dapr_state execute function refuse()');
  const { status, body } = await call<{ code: string }>(url, '/memories/ann', patch);
  t.deepEqual([status, body.code], [503, 'outcome_unknown']);
});
