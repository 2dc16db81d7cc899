// The test run: starts one PostgreSQL and one Redis for all test files, runs ava, and removes everything at the end.
// Arguments are passed to ava: a file pattern, or --match. The last line is `N passed, N failed, N skipped`.
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { buildDapr } from '../scripts/dapr-build.mjs';
import type { Service } from '../local/service.ts';
import { startEmbeddedPostgres } from '../local/postgres.ts';
import { startEmbeddedRedis } from '../local/redis.ts';
import { connectionConfig } from '../src/store/connect.ts';
import { createLog } from '../src/telemetry/log.ts';
import { findPromtool } from './support/promtool.ts';
import { installPythonClient } from './support/python-client.ts';
import { chromiumProgram } from './support/chromium-program.ts';
import { createTemplate } from './support/databases.ts';
import { slowestFiles } from './support/durations.ts';
import { TapReport } from './support/tap-report.ts';

const ROOT = dirname(import.meta.dirname);
const CONCURRENCY = '2';
const log = (line: string) => console.log(line);
/** As for `npm start`: with `INSTALL_PARTS=no` the run prints what is missing and does not install it. */
const installer = { allowed: process.env['INSTALL_PARTS'] !== 'no', say: log };
const interrupt = new AbortController();

interface Optional {
  readonly name: string;
  /** Matches the text of the test files that use it. */
  readonly usedBy: RegExp;
  /** Returns the settings for the tests. @throws with the reason, if it is not available */
  readonly prepare: () => Promise<Record<string, string>>;
}

/** What only some test files use. If it is not available, their tests are reported as skipped. */
const OPTIONAL: readonly Optional[] = [
  {
    name: 'Dapr',
    usedBy: /\b(isAvailable|daprBinaries)\b/,
    prepare: async () => {
      const { daprd, placement } = await buildDapr({ log, signal: interrupt.signal });
      return { TURNKEEPER_TEST_DAPRD: daprd, TURNKEEPER_TEST_PLACEMENT: placement };
    },
  },
  {
    name: 'Python client',
    usedBy: /TURNKEEPER_TEST_PYTHON/,
    prepare: async () => ({ TURNKEEPER_TEST_PYTHON: await installPythonClient({ log, signal: interrupt.signal }) }),
  },
  {
    name: 'browser',
    usedBy: /\bwebTest\b/,
    prepare: async () => {
      const found = await chromiumProgram(installer, createLog('info'));
      if ('path' in found) return { TURNKEEPER_TEST_CHROMIUM: found.path };
      throw new Error(found.why);
    },
  },
  {
    name: 'promtool',
    usedBy: /TURNKEEPER_TEST_PROMTOOL/,
    prepare: async () => ({ TURNKEEPER_TEST_PROMTOOL: await findPromtool(installer, createLog('warn')) }),
  },
];

let ava: ChildProcess | undefined;
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
const report = new TapReport(log);
let slowest: string[] = [];
try {
  const env = { ...(await startServices()), ...(await prepareOptional()) };
  if (!interrupt.signal.aborted) await runAva(env);
} catch (error) {
  report.fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  slowest = slowestFiles(folder);
  for (const service of services.toReversed()) await service.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
if (slowest.length > 1) log(['\nThe slowest files:', ...slowest].join('\n'));
if (interrupt.signal.aborted) report.fail('The run was interrupted.');
process.exitCode = report.finish() ? 0 : 1;

async function startServices(): Promise<Record<string, string>> {
  const serviceLog = createLog('warn');
  const startedAt = Date.now();
  // If a database is configured (CockroachDB in the hosted CI), it is tested instead of the embedded PostgreSQL.
  const configured = process.env['TURNKEEPER_TEST_DATABASE_URL'];
  const postgres = configured
    ? null
    : await startEmbeddedPostgres({ dataDir: folder, log: serviceLog, settings: { fsync: 'off' } });
  if (postgres) services.push(postgres);
  const redis = await startEmbeddedRedis({ dataDir: folder, log: serviceLog, installer, settings: ['databases 512'] });
  services.push(redis);
  console.log(
    `PostgreSQL ${postgres?.detail ?? 'as configured'}\nRedis ${redis.detail}\nready in ${Date.now() - startedAt} ms`,
  );
  const databaseUrl = postgres?.url ?? configured!;
  const template = postgres ? await createTemplate(databaseUrl) : '';
  return {
    TURNKEEPER_TEST_DATABASE_URL: databaseUrl,
    TURNKEEPER_TEST_DIALECT: (await connectionConfig(databaseUrl, { poolSize: 1 })).client as string,
    TURNKEEPER_TEST_TEMPLATE: template,
    TURNKEEPER_TEST_REDIS_URL: redis.url,
    TURNKEEPER_TEST_FOLDER: folder,
    // Each test file is a process, and many start others: they share the compiled modules.
    NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
  };
}

/** Returns the texts of the test files that the arguments select. Empty: they name no file, so ava runs all files. */
function selectedTests(): string[] {
  const patterns = process.argv.slice(2).map((argument) => argument.replace(/:[\d,-]+$/, '')); // file.test.ts:12
  return globSync(
    patterns.flatMap((pattern) => [pattern, `${pattern}/**`]),
    { cwd: ROOT },
  )
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(resolve(ROOT, file), 'utf8'));
}

/** Prepares the programs that the selected tests use, and returns their settings. */
async function prepareOptional(): Promise<Record<string, string>> {
  const tests = selectedTests();
  const env: Record<string, string> = {};
  for (const { name, usedBy, prepare } of OPTIONAL) {
    if (tests.length > 0 && !tests.some((text) => usedBy.test(text))) continue;
    try {
      Object.assign(env, await prepare());
    } catch (error) {
      console.log(`No ${name} in this run: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  return env;
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
