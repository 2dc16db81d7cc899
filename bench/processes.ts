// The processes of a benchmark: turnkeeper with the services that it starts, the model and the driver.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { DATABASE, SUPERUSER } from '../local/postgres-cluster.ts';
import { postgresHome } from '../local/postgres-home.ts';

const ROOT = join(import.meta.dirname, '..');
const READY_MS = 120_000;
const OWN_VARIABLES = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'LANG'];

/** What is measured, with its settings. `traced`: every turn is recorded and sent to a collector. */
const SUBJECTS = {
  embedded: { ACTOR_RUNTIME: 'embedded' },
  traced: { ACTOR_RUNTIME: 'embedded', OTEL_TRACES_SAMPLER_ARG: '1' },
  dapr: { ACTOR_RUNTIME: 'dapr' },
} as const;
export type Subject = keyof typeof SUBJECTS;

/** Starts a script of this folder and waits for its message `{ ready }`. The script ends when this process ends. */
export async function startScript(name: string): Promise<{ child: ChildProcess; ready: string }> {
  const path = join(import.meta.dirname, name);
  const child = spawn(process.execPath, [path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { ready } = await nextMessage<{ ready: string }>(child);
  return { child, ready };
}

/** The next message of the process. Rejects if the process ends first. */
export function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`${child.spawnargs.at(-1)} ended by itself`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}

/** Stops the process, with the message or by closing the channel, and waits until it has ended. */
export async function end(child: ChildProcess, message?: object): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (message && child.connected) child.send(message, () => {});
  else if (child.connected) child.disconnect();
  await ended;
}

export interface Turnkeeper {
  readonly pid: number;
  readonly ready: Promise<{ readonly url: string; readonly database: pg.Client }>;
  /** Stops it and removes its data. It may be called during the start, and more than once. */
  stop(): Promise<void>;
}

/** Starts turnkeeper as `npm start` does, with its own new PostgreSQL (durable) and Redis and the given model. */
export function startTurnkeeper(subject: Subject, modelUrl: string): Turnkeeper {
  // Not in the temporary folder, which may be in memory, where a flush to disk takes no time.
  const parent = join(ROOT, '.turnkeeper');
  mkdirSync(parent, { recursive: true });
  const dataDir = mkdtempSync(join(parent, `bench-${subject}-`));
  chmodSync(dataDir, 0o711); // if this process is root, PostgreSQL runs as another user
  const own = OWN_VARIABLES.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []));
  const env = {
    ...Object.fromEntries(own),
    PORT: '0',
    LOG_LEVEL: 'warn',
    DATA_DIR: dataDir,
    ...SUBJECTS[subject],
    ...(subject === 'traced' && { OTEL_EXPORTER_OTLP_ENDPOINT: new URL(modelUrl).origin }),
    OPENAI_BASE_URL: modelUrl,
    OPENAI_MODEL: 'bench',
  };
  const args = ['--disable-warning=ExperimentalWarning', join(ROOT, 'src/main.ts'), '--migrate'];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const ready = addressOf(child).then(async (url) => ({ url, database: await connectTo(dataDir) }));
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await ready.then(({ database }) => database.end()).catch(() => {});
    await end(child, { stop: 'SIGTERM' });
    const folders = [postgresHome(dataDir).folder, dataDir];
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  return { pid: child.pid!, ready, stop: () => (stopping ??= stop()) };
}

/** Connects to the PostgreSQL that turnkeeper started. */
async function connectTo(dataDir: string): Promise<pg.Client> {
  const { folder } = postgresHome(dataDir);
  const [port, password] = ['port', 'password'].map((name) => readFileSync(join(folder, name), 'utf8').trim());
  const address = { host: '127.0.0.1', port: Number(port), user: SUPERUSER, password, database: DATABASE };
  const database = new pg.Client(address);
  database.on('error', () => {}); // the next query fails
  await database.connect();
  return database;
}

/** Reads the address from the banner. Log lines are copied to the standard error of this process. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    let ready = false;
    const fail = (why: string) => reject(new Error(`turnkeeper ${why}:\n${lines.join('\n')}`));
    const timer = setTimeout(fail, READY_MS, 'was not ready in time');
    child.once('exit', (code, signal) => fail(`ended (${signal ?? code}) before it was ready`));
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        const found = /turnkeeper is ready at (\S+)/.exec(line);
        if (line.startsWith('{')) process.stderr.write(`${line}\n`);
        else if (!ready) lines.push(line);
        if (!found) return;
        ready = true;
        clearTimeout(timer);
        resolve(found[1]!);
      });
    }
  });
}
