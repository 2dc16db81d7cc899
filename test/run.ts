// The test run: starts one PostgreSQL and one Redis for all test files, runs ava, and removes everything at the end.
// Arguments are passed to ava: a file pattern, or --match. The last line is `N passed, N failed, N skipped`.
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
/** As for `npm start`: with `INSTALL_PARTS=no` the run prints what is missing and does not install it. */
const installer = { allowed: process.env['INSTALL_PARTS'] !== 'no', say: (line: string) => console.log(line) };

let ava: ChildProcess | undefined;
const interrupt = new AbortController();
// Ctrl-C in a terminal also reaches ava directly. A second signal makes ava stop at once, which does no harm.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupt.abort();
    ava?.kill(signal);
  });
}

const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-test-'));
chmodSync(folder, 0o711); // if started by root, PostgreSQL runs as another user
const services: Service[] = [];
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
  for (const service of services.toReversed()) await service.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
if (interrupt.signal.aborted) report.fail('The run was interrupted.');
process.exitCode = report.finish() ? 0 : 1;

async function startServices(): Promise<Record<string, string>> {
  const log = createLog('warn');
  const startedAt = Date.now();
  // If a database is configured (CockroachDB in the hosted CI), it is tested instead of the embedded PostgreSQL.
  const configured = process.env['TURNKEEPER_TEST_DATABASE_URL'];
  const postgres = configured
    ? null
    : await startEmbeddedPostgres({ dataDir: folder, log, settings: { fsync: 'off' } });
  if (postgres) services.push(postgres);
  const redis = await startEmbeddedRedis({ dataDir: folder, log, installer, settings: ['databases 512'] });
  services.push(redis);
  console.log(
    `PostgreSQL ${postgres?.detail ?? 'as configured'}\nRedis ${redis.detail}\nready in ${Date.now() - startedAt} ms`,
  );
  return {
    TURNKEEPER_TEST_DATABASE_URL: postgres?.url ?? configured!,
    TURNKEEPER_TEST_REDIS_URL: redis.url,
    TURNKEEPER_TEST_FOLDER: folder,
  };
}

/** Without Dapr its tests are reported as skipped. */
async function daprEnvironment(): Promise<Record<string, string>> {
  try {
    const { daprd, placement } = await buildDapr({ log: (line) => console.log(line), signal: interrupt.signal });
    return { TURNKEEPER_TEST_DAPRD: daprd, TURNKEEPER_TEST_PLACEMENT: placement };
  } catch (error) {
    console.log(`No Dapr in this run: ${(error as Error).message.split('\n')[0]}`);
    return {};
  }
}

/** Without Python the test of the Python client is reported as skipped. */
async function pythonEnvironment(): Promise<Record<string, string>> {
  try {
    const log = (line: string) => console.log(line);
    return { TURNKEEPER_TEST_PYTHON: await installPythonClient({ log, signal: interrupt.signal }) };
  } catch (error) {
    console.log(`No Python client in this run: ${(error as Error).message.split('\n')[0]}`);
    return {};
  }
}

/** Without a browser the tests of the pages are reported as skipped. Finds a browser only if these tests are selected. */
async function browserEnvironment(): Promise<Record<string, string>> {
  const patterns = process.argv.slice(2);
  if (patterns.length > 0 && !patterns.some((pattern) => pattern.includes('web'))) return {};
  const found = await chromiumProgram(installer, createLog('info'));
  if ('path' in found) return { TURNKEEPER_TEST_CHROMIUM: found.path };
  console.log(`No browser in this run: ${found.why}`);
  return {};
}

/** Without promtool the checks of the alert rules are reported as skipped. */
async function promtoolEnvironment(): Promise<Record<string, string>> {
  try {
    return { TURNKEEPER_TEST_PROMTOOL: await findPromtool(installer, createLog('warn')) };
  } catch (error) {
    console.log(`No promtool in this run: ${(error as Error).message.split('\n')[0]}`);
    return {};
  }
}

/** Runs ava. Its TAP output goes through the report. What the tests print to stderr is passed through. */
async function runAva(env: Record<string, string>): Promise<void> {
  const path = `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  const args = [join(ROOT, 'node_modules/ava/entrypoints/cli.js'), '--tap', '--concurrency', CONCURRENCY];
  ava = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args, ...process.argv.slice(2)], {
    cwd: ROOT,
    env: { ...process.env, PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const child = ava;
  const exited = new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? null : `ava ended with ${signal ?? `exit code ${code}`}`),
    );
  });
  for await (const line of createInterface({ input: child.stdout! })) report.line(line);
  const failure = await exited;
  if (failure !== null && report.failed === 0) report.fail(failure);
}
