// An actor host or its daprd dies while turns run (Dapr runtime only): how long a turn waits at most. A worker uses the
// same daprd. It cannot claim turns then, so the other worker must run them.
import test, { type ExecutionContext } from 'ava';
import { startSidecar, type Sidecar } from '../../local/dapr.ts';
import { daprBinaries, isAvailable, startApp, type TestApp } from '../support/app.ts';
import { chat, waitForTurn } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { SCRIPTED_MODEL } from '../support/model.ts';
import { startProcess } from '../support/process.ts';
import { settingsOf } from '../support/roles.ts';

const run = isAvailable('dapr') ? test.serial : test.skip;
const CLIENTS = 16;

/** Starts an ingress with an actor host and a daprd, a second host with its own daprd, and a worker beside each daprd. About
 *  half of the users are on the second host. */
async function startAll(t: ExecutionContext) {
  const app = await startApp(t, { runtime: 'dapr', roles: 'http,actors' });
  const { databaseUrl, redisUrl, placement } = app;
  const sidecar = await startSidecar(
    { binaries: daprBinaries!, dataDir: temporaryFolder(t), databaseUrl, redisUrl },
    placement!.port,
  );
  t.teardown(() => sidecar.stop());
  const start = (role: string, ownSidecar: Sidecar) =>
    startProcess(t, {
      args: ['src/main.ts', '--roles', role],
      env: {
        DATABASE_URL: databaseUrl,
        REDIS_URL: redisUrl,
        ACTOR_RUNTIME: 'dapr',
        OPENAI_BASE_URL: app.model.baseUrl,
        OPENAI_MODEL: SCRIPTED_MODEL,
        ...settingsOf(ownSidecar),
      },
    });
  const host = await start('actors', sidecar);
  const worker = await start('worker', sidecar);
  await start('worker', app.sidecar!);
  return { app, host, worker, sidecar };
}

/** Sends messages of ever new users for the whole time, and returns how long the slowest turn took, in milliseconds. */
async function slowestWhile(app: TestApp, during: () => Promise<void>): Promise<{ turns: number; ms: number }> {
  const stop = new AbortController();
  let turns = 0;
  let ms = 0;
  const client = async () => {
    while (!stop.signal.aborted) {
      const at = performance.now();
      const turn = await chat(app.url, { user_id: `user-${(turns += 1)}`, text: 'Hi' });
      await waitForTurn(app.url, turn.turn_id);
      ms = Math.max(ms, performance.now() - at);
      await pause(50);
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  await during();
  stop.abort();
  await clients;
  return { turns, ms };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const victim of ['daprd', 'host'] as const)
  run(`no turn waits longer than five seconds when a ${victim} is killed`, async (t) => {
    t.timeout(120_000);
    const { app, host, worker, sidecar } = await startAll(t);
    await pause(4_000);
    const slowest = await slowestWhile(app, async () => {
      await pause(1_000);
      if (victim === 'daprd') sidecar.kill('SIGKILL');
      else await host.killAll();
      await pause(8_000);
    });
    t.log(`${slowest.turns} turns, the slowest took ${Math.round(slowest.ms)} ms`);
    t.true(slowest.ms < 5_000);
    t.regex(worker.output(), /Actors cannot be reached/);
  });
