// Runs the walkthroughs of examples/, each in its own process, as a reader does.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../../local/ports.ts';
import type { Owner } from '../support/owner.ts';
import { startProcess } from '../support/process.ts';
import { freshDatabase, redisUrl } from '../support/services.ts';

const ROOT = join(import.meta.dirname, '../..');
const WALKTHROUGHS = ['memory-walkthrough.ts', 'analytics-walkthrough.ts', 'review-walkthrough.ts'] as const;

interface Result {
  readonly code: number;
  readonly output: string;
}

function walk(script: string, address: string): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join('examples', script), address],
      { cwd: ROOT },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
      },
    );
  });
}

/**
 * Starts turnkeeper as `npm start` without a key does: with the offline model and, if the runtime needs one, a sidecar.
 */
async function startWithOfflineModel(
  t: Owner,
  runtime: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  const env = {
    ACTOR_RUNTIME: runtime,
    DATABASE_URL: (await freshDatabase(t)).url,
    REDIS_URL: await redisUrl(t),
    DATA_DIR: temporaryFolder(t),
    MEMORY_DEBOUNCE_MS: '50',
    ...settings,
  };
  const app = await startProcess(t, { args: ['src/main.ts', '--migrate'], env });
  t.teardown(() => app.stop());
  return app.url;
}

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test.serial : test.serial.skip;
  run(`${runtime}: all walkthroughs succeed with the offline model, also when repeated on the same data`, async (t) => {
    const url = await startWithOfflineModel(t, runtime);
    for (const script of [...WALKTHROUGHS, ...WALKTHROUGHS]) {
      const { code, output } = await walk(script, url);
      t.is(code, 0, output);
      t.regex(output, /All as expected\.\n$/);
      t.notRegex(output, /check yourself/, 'the wording was checked');
    }
  });
}

test.serial('all walkthroughs succeed with a model whose wording they do not know', async (t) => {
  const { url } = await startApp(t);
  for (const script of WALKTHROUGHS) {
    const { code, output } = await walk(script, url);
    t.is(code, 0, output);
    t.regex(output, /check yourself: the reply contains/);
  }
});

test.serial('a walkthrough without a server, or with a failing turn, prints the error and exits with 1', async (t) => {
  const { code, output } = await walk('memory-walkthrough.ts', `http://127.0.0.1:${await freePort()}`);
  t.is(code, 1, output);
  t.regex(output, /Not as expected: .* does not answer .*npm start/);

  const { url, model } = await startApp(t);
  model.script(() => ({ status: 401, text: 'no such key' }));
  const failed = await walk('memory-walkthrough.ts', url);
  t.is(failed.code, 1, failed.output);
  t.regex(failed.output, /Not as expected: the turn has the status failed: .*/);
});

/** Starts the receiver of the shop on a free port, and an assistants file that names it. */
async function startShop(t: Owner, secret: string): Promise<string> {
  const port = await freePort();
  const program = spawn(process.execPath, ['examples/shop/receiver.mjs', String(port)], {
    cwd: ROOT,
    env: { ...process.env, REFUND_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => program.kill());
  await once(program.stdout, 'data');
  const path = join(temporaryFolder(t), 'assistants.json');
  const text = readFileSync(join(ROOT, 'examples/shop/assistants.json'), 'utf8');
  writeFileSync(path, text.replaceAll('http://127.0.0.1:8090', `http://127.0.0.1:${port}`));
  return path;
}

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test.serial : test.serial.skip;
  run(`${runtime}: the shop refunds only what a person approved, also when it is repeated`, async (t) => {
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const settings = { ASSISTANTS: await startShop(t, secret), TOOLS_ALLOW_PRIVATE: 'yes', REFUND_SECRET: secret };
    const url = await startWithOfflineModel(t, runtime, settings);
    for (let round = 0; round < 2; round += 1) {
      const { code, output } = await walk('shop/walkthrough.ts', url);
      t.is(code, 0, output);
      t.regex(output, /All as expected\.\n$/);
    }
  });
}
