import { spawn } from 'node:child_process';
import test from 'ava';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { isAlive, startProcess, treeOf } from '../support/process.ts';
import { isAvailable, RUNTIMES } from '../support/app.ts';

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;
  run(
    `${runtime}: npm start starts its services and answers turns; a signal ends all processes and keeps the data`,
    async (t) => {
      t.timeout(120_000);
      const env = { DATA_DIR: temporaryFolder(t), ACTOR_RUNTIME: runtime };
      const first = await startProcess(t, { env });
      t.regex(first.output(), /curl/);
      t.regex(first.output(), new RegExp(`actors +${runtime}`));
      const turn = await waitForTurn(
        first.url,
        (await chat(first.url, { user_id: 'alice', text: 'Hello, I like tea.' })).turn_id,
      );
      t.like(turn, { status: 'completed', model: 'turnkeeper-offline' });
      const pids = treeOf(first.pid);
      t.true(pids.length > 3);
      t.is(await first.stop('SIGINT'), 0);
      t.deepEqual(pids.filter(isAlive), []);

      const second = await startProcess(t, { env });
      t.is((await waitForTurn(second.url, turn.turn_id)).reply, turn.reply);
      t.is(await second.stop(), 0);
    },
  );
}

test('a second start on the same data folder fails and names the first process', async (t) => {
  const env = { DATA_DIR: temporaryFolder(t), ACTOR_RUNTIME: 'embedded' };
  const first = await startProcess(t, { env });
  const error = await t.throwsAsync(startProcess(t, { env }));
  t.regex(error.message, /ended with 1/);
  t.true(error.message.includes(first.url), 'contains the address of the first process');
  t.is((await call(first.url, '/health')).status, 200);
});

test('if a service ends by itself, all processes end with an error', async (t) => {
  const app = await startProcess(t, { env: { DATA_DIR: temporaryFolder(t), ACTOR_RUNTIME: 'embedded' } });
  const pids = treeOf(app.pid);
  const redis = await pidOf('redis-server|valkey-server', pids);
  process.kill(redis, 'SIGKILL');
  t.is(await app.exited, 1);
  t.regex(app.output(), /redis.*stopped unexpectedly/i);
  t.true(await eventually('all processes have ended', async () => pids.every((pid) => !isAlive(pid))));
});

test('no process is left after kill -9 of the main process', async (t) => {
  const app = await startProcess(t, { env: { DATA_DIR: temporaryFolder(t), ACTOR_RUNTIME: 'embedded' } });
  const pids = treeOf(app.pid);
  process.kill(app.pid, 'SIGKILL');
  t.true(await eventually('all processes have ended', async () => pids.every((pid) => !isAlive(pid))));
});

test('all invalid settings are reported, and nothing is started', async (t) => {
  const dataDir = temporaryFolder(t);
  const error = await t.throwsAsync(
    startProcess(t, { env: { DATA_DIR: dataDir, PORT: 'many', LEASE_S: '0', AUTH: 'maybe' } }),
  );
  for (const text of ['ended with 1', 'PORT', 'LEASE_S', 'AUTH']) t.true(error.message.includes(text), text);
  t.notRegex(error.message, /starting/);
});

test('if the port is in use, the error names the setting', async (t) => {
  const app = await startProcess(t, { env: { DATA_DIR: temporaryFolder(t), ACTOR_RUNTIME: 'embedded' } });
  const error = await t.throwsAsync(
    startProcess(t, { env: { DATA_DIR: temporaryFolder(t), ACTOR_RUNTIME: 'embedded', PORT: new URL(app.url).port } }),
  );
  t.regex(error.message, /cannot listen on .*set PORT/);
});

/** The pid of the process among `pids` whose program matches. */
async function pidOf(program: string, pids: readonly number[]): Promise<number> {
  const child = spawn('ps', ['-o', 'pid=,comm=', '-p', pids.join()], { stdio: ['ignore', 'pipe', 'ignore'] });
  let out = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) out += chunk.toString();
  const line = out.split('\n').find((each) => new RegExp(program).test(each));
  return Number(line!.trim().split(/\s+/)[0]);
}
