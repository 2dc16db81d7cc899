import test from 'ava';
import type { Role } from '../../src/config.ts';
import { startPlacement, startSidecar } from '../../src/dev/dapr.ts';
import { daprBinaries, isAvailable } from '../support/app.ts';
import { call, chat, ended } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { SCRIPTED_MODEL, startScriptedModel } from '../support/model.ts';
import { startProcess } from '../support/process.ts';
import { freshDatabase, redisUrl } from '../support/services.ts';

const run = isAvailable('dapr') ? test : test.skip;

run('http, worker and actors run as processes of their own, each next to its daprd', async (t) => {
  t.timeout(120_000);
  const dataDir = temporaryFolder(t);
  const { url: databaseUrl } = await freshDatabase(t);
  const redis = await redisUrl(t);
  const model = await startScriptedModel(t);
  const placement = await startPlacement(daprBinaries!, dataDir);
  t.teardown(() => placement.stop());
  const start = async (role: Role, migrate: boolean) => {
    const sidecar = await startSidecar(
      { binaries: daprBinaries!, dataDir, databaseUrl, redisUrl: redis, role },
      placement.port,
    );
    t.teardown(() => sidecar.stop());
    return startProcess(t, {
      args: ['src/main.ts', '--roles', role, ...(migrate ? ['--migrate'] : [])],
      env: {
        // The database's address comes from Dapr's secret store, as in compose.yml.
        DAPR_SECRET_STORE: 'secrets',
        REDIS_URL: redis,
        OPENAI_BASE_URL: model.baseUrl,
        OPENAI_MODEL: SCRIPTED_MODEL,
        MEMORY_DEBOUNCE_MS: '50',
        DAPR_HTTP_PORT: String(sidecar.httpPort),
        DAPR_API_TOKEN: sidecar.apiToken,
        APP_PORT: String(sidecar.appPort),
        APP_API_TOKEN: sidecar.appToken,
      },
    });
  };
  const actors = await start('actors', true);
  const [worker, http] = await Promise.all([start('worker', false), start('http', false)]);

  t.like(await ended(http.url, (await chat(http.url, { user_id: 'ann', text: 'hello' })).turn_id), {
    status: 'completed',
    reply: 'echo: hello',
  });
  t.is((await call(http.url, '/readyz')).status, 200);
  t.like((await call(http.url, '/memories/ann', { method: 'PATCH', body: { name: 'Ann' } })).body, { name: 'Ann' });
  for (const process of [http, worker, actors]) t.is(await process.stop(), 0);
});

test('a role by itself refuses a schema that it does not know', async (t) => {
  const { url: databaseUrl } = await freshDatabase(t);
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: await redisUrl(t), DAPR_HTTP_PORT: '1' };
  const error = await t.throwsAsync(startProcess(t, { args: ['src/main.ts', '--roles', 'http'], env }));
  t.regex(error.message, /npm run migrate/);
});
