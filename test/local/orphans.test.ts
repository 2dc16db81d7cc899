import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processInfo } from '../../local/process-table.ts';
import { startChild } from '../../local/child.ts';
import { startEmbeddedPostgres } from '../../local/postgres.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryFolder } from '../support/folder.ts';

const HOLDER = join(import.meta.dirname, '../support/service-holder.ts');
const END_TIMEOUT_MS = 15_000;

async function allEnded(pids: readonly number[]): Promise<boolean> {
  for (const deadline = Date.now() + END_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) {
    if (pids.every((pid) => processInfo(pid) === null)) return true;
  }
  return false;
}

test('no process is left after kill -9 of the process that started the services', async (t) => {
  const dataDir = temporaryFolder(t);
  const holder = spawn(process.execPath, [HOLDER, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(holder.stdout, 'data')) as [Buffer];
  const servers = JSON.parse(line.toString()) as number[];
  const guardians = servers.map((pid) => processInfo(pid)!.parent);
  holder.kill('SIGKILL');
  // Immediately, as a supervisor does: the old servers are still stopping.
  const next = await startEmbeddedPostgres({ dataDir, log: createLog('warn') });
  t.teardown(() => next.stop());
  t.true(await allEnded([...servers, ...guardians]));
});

test('the error about a child that ends at once contains the end of its log', async (t) => {
  const dataDir = temporaryFolder(t);
  const options = { dataDir, name: 'short', command: '/bin/sh', ready: async () => false };
  const error = await t.throwsAsync(startChild({ ...options, args: ['-c', 'echo the reason >&2; exit 3'] }));
  t.regex(error.message, /short ended at once \(exit code 3\).*the reason/s);
});

test('a child that ignores the stop signal is killed after the timeout', async (t) => {
  const dataDir = temporaryFolder(t);
  const child = await startChild({
    dataDir,
    name: 'ignores-stop',
    command: '/bin/sh',
    args: ['-c', "trap '' TERM; while :; do sleep 0.1; done"],
    ready: async () => true,
    stopTimeoutMs: 300,
  });
  await sleep(100); // time for the shell to set the trap
  await child.stop();
  t.deepEqual(await child.exited, { code: null, signal: 'SIGKILL' });
  t.true(await allEnded([child.pid]));
});
