// The test run: one PostgreSQL and one Redis for all test files, ava in between, everything gone at the end.
// Arguments go to ava: a file pattern, or --match. Closes with the plain line `N passed, N failed, N skipped`.
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildDapr } from '../scripts/dapr-build.mjs';
import type { Service } from '../local/service.ts';
import { startEmbeddedPostgres } from '../local/postgres.ts';
import { startEmbeddedRedis } from '../local/redis.ts';
import { createLog } from '../src/telemetry/log.ts';
import { findPromtool } from './support/promtool.ts';
import { installPythonClient } from './support/python-client.ts';
import { chromiumProgram } from './support/chromium-program.ts';
import { TapReport } from './support/tap-report.ts';

const ROOT = dirname(import.meta.dirname);
const CONCURRENCY = '2';
/** As for `npm start`: `INSTALL_PARTS=no` prints what is missing instead of installing it. */
const installer = { allowed: process.env['INSTALL_PARTS'] !== 'no', say: (line: string) => console.log(line) };

let ava: ChildProcess | undefined;
const interrupt = new AbortController();
// A terminal's Ctrl-C reaches ava by itself; the second signal to it means "at once" and does no harm.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupt.abort();
    ava?.kill(signal);
  });
}

const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-test-'));
chmodSync(folder, 0o711); // started by root, PostgreSQL runs as another user
const parts: Service[] = [];
const report = new TapReport((line) => console.log(line));
try {
  const env = {
    ...(await startServices()),
    ...(await daprEnvironment()),
    ...(await pythonEnvironment()),
    ...(await browserEnvironment()),
    ...(await promtoolEnvironment()),
  };
  if (!interrupt.signal.aborted) await runAva(env);
} catch (error) {
  report.fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  for (const part of parts.toReversed()) await part.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
if (interrupt.signal.aborted) report.fail('The run was interrupted.');
process.exitCode = report.finish() ? 0 : 1;

async function startServices(): Promise<Record<string, string>> {
  const log = createLog('warn');
  const began = Date.now();
  // A database that is already named (CockroachDB, in the hosted CI) is tested instead of ours.
  const named = process.env['TURNKEEPER_TEST_DATABASE_URL'];
  const postgres = named ? null : await startEmbeddedPostgres({ dataDir: folder, log, settings: { fsync: 'off' } });
  if (postgres) parts.push(postgres);
  const redis = await startEmbeddedRedis({ dataDir: folder, log, installer, settings: ['databases 512'] });
  parts.push(redis);
  console.log(`PostgreSQL ${postgres?.detail ?? 'as named'}\nRedis ${redis.detail}\nready in ${Date.now() - began} ms`);
  return {
    TURNKEEPER_TEST_DATABASE_URL: postgres?.url ?? named!,
    TURNKEEPER_TEST_REDIS_URL: redis.url,
    TURNKEEPER_TEST_FOLDER: folder,
  };
}

/** Without Dapr its tests report themselves as skipped. */
async function daprEnvironment(): Promise<Record<string, string>> {
  try {
    const { daprd, placement } = await buildDapr({ log: (line) => console.log(line), signal: interrupt.signal });
    return { TURNKEEPER_TEST_DAPRD: daprd, TURNKEEPER_TEST_PLACEMENT: placement };
  } catch (error) {
    console.log(`No Dapr in this run: ${(error as Error).message.split('\n')[0]}`);
    return {};
  }
}

/** Without Python the test of its client reports itself as skipped. */
async function pythonEnvironment(): Promise<Record<string, string>> {
  try {
    const log = (line: string) => console.log(line);
    return { TURNKEEPER_TEST_PYTHON: await installPythonClient({ log, signal: interrupt.signal }) };
  } catch (error) {
    console.log(`No client for Python in this run: ${(error as Error).message.split('\n')[0]}`);
    return {};
  }
}

/** Without a browser the tests of the pages report themselves as skipped. Only looked for where they are asked for. */
async function browserEnvironment(): Promise<Record<string, string>> {
  const patterns = process.argv.slice(2);
  if (patterns.length > 0 && !patterns.some((pattern) => pattern.includes('web'))) return {};
  const found = await chromiumProgram(installer, createLog('info'));
  if ('path' in found) return { TURNKEEPER_TEST_CHROMIUM: found.path };
  console.log(`No browser in this run: ${found.why}`);
  return {};
}

/** Without promtool the checks of the alert rules report themselves as skipped. */
async function promtoolEnvironment(): Promise<Record<string, string>> {
  try {
    return { TURNKEEPER_TEST_PROMTOOL: await findPromtool(installer, createLog('warn')) };
  } catch (error) {
    console.log(`No promtool in this run: ${(error as Error).message.split('\n')[0]}`);
    return {};
  }
}

/** ava's machine-readable output goes through our report, what the tests print straight on. */
async function runAva(env: Record<string, string>): Promise<void> {
  const path = `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  const args = [join(ROOT, 'node_modules/ava/entrypoints/cli.js'), '--tap', '--concurrency', CONCURRENCY];
  ava = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args, ...process.argv.slice(2)], {
    cwd: ROOT,
    env: { ...process.env, PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const child = ava;
  const ended = new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? null : `ava ended with ${signal ?? `exit code ${code}`}`),
    );
  });
  for await (const line of createInterface({ input: child.stdout! })) report.line(line);
  const trouble = await ended;
  if (trouble !== null && report.failed === 0) report.fail(trouble);
}
