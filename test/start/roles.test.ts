import test from 'ava';
import { isAvailable } from '../support/app.ts';
import { call, chat, waitForTurn } from '../support/client.ts';
import { startScriptedModel } from '../support/model.ts';
import { startProcess } from '../support/process.ts';
import { startRoles } from '../support/roles.ts';
import { emptyDatabase, redisUrl } from '../support/services.ts';

const run = isAvailable('dapr') ? test : test.skip;

run('http, worker and actors run as separate processes, each with its own daprd', async (t) => {
  t.timeout(120_000);
  const { http, worker, actors } = await startRoles(t, await startScriptedModel(t));

  t.like(await waitForTurn(http.url, (await chat(http.url, { user_id: 'ann', text: 'hello' })).turn_id), {
    status: 'completed',
    reply: 'echo: hello',
  });
  t.is((await call(http.url, '/readyz')).status, 200);
  t.like((await call(http.url, '/memories/ann', { method: 'PATCH', body: { name: 'Ann' } })).body, { name: 'Ann' });
  for (const process of [http, worker, actors]) t.is(await process.stop(), 0);
});

test('a process with a single role does not start on a schema of another version', async (t) => {
  const { url: databaseUrl } = await emptyDatabase(t);
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: await redisUrl(t), DAPR_HTTP_PORT: '1' };
  const error = await t.throwsAsync(startProcess(t, { args: ['src/main.ts', '--roles', 'http'], env }));
  t.regex(error.message, /npm run migrate/);
});
