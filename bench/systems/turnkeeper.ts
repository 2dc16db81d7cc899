// Starts turnkeeper as `npm start` does, on services of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../local/ports.ts';
import { assertSessionsFlush } from './durability.ts';
import { send } from '../clients/http.ts';
import { end, ownEnvironment, ROOT } from './processes.ts';
import { profileEnvironment } from '../profile/control.ts';
import { startServices } from './services.ts';
import { settled } from './settle.ts';
import type { System, SystemOptions } from './system.ts';

const READY_MS = 120_000;
const PROBE_MS = 100;
const SHOWN_CHARACTERS = 4_000;

/** Starts the server with the actor runtime and waits until it is ready. */
export async function startTurnkeeper(
  runtime: 'embedded' | 'dapr',
  { modelUrl, settings = {}, profile = false }: SystemOptions,
): Promise<System> {
  const services = await startServices({ name: runtime, statements: profile });
  let child: ChildProcess | undefined;
  const stop = async () => {
    if (child) await end(child, { stop: 'SIGTERM' });
    await services.stop();
  };
  try {
    const url = `http://127.0.0.1:${await freePort()}`;
    const env = {
      ...ownEnvironment(),
      ...(profile && profileEnvironment(services.folder)),
      PORT: new URL(url).port,
      DATA_DIR: join(services.folder, 'data'),
      DATABASE_URL: services.databaseUrl,
      REDIS_URL: services.redisUrl,
      ACTOR_RUNTIME: runtime,
      OPENAI_BASE_URL: modelUrl,
      OPENAI_MODEL: 'bench',
      ...settings,
    };
    const logFile = join(services.folder, 'turnkeeper.log');
    child = startMain(env, logFile);
    await untilReady(child, url, logFile);
    return {
      name: runtime,
      url,
      services,
      pids: [...services.pids, child.pid!],
      settled: (turns) => settled(services, url, turns),
      assertDurable: (turns) => assertSessionsFlush(services.database, turns),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startMain(env: Record<string, string>, logFile: string): ChildProcess {
  const file = openSync(logFile, 'w', 0o600);
  const args = ['--disable-warning=ExperimentalWarning', join(ROOT, 'src/main.ts'), '--migrate'];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', file, file, 'ipc'] });
  closeSync(file);
  return child;
}

async function untilReady(child: ChildProcess, url: string, logFile: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  const isReady = async () => (await send('GET', `${url}/readyz`)).status === 200;
  while (!(await isReady().catch(() => false))) {
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null || performance.now() > deadline)
      throw new Error(
        `turnkeeper ${ended === null ? 'was not ready in time' : `ended (${ended})`}:\n${readFileSync(logFile, 'utf8').slice(-SHOWN_CHARACTERS)}`,
      );
    await sleep(PROBE_MS);
  }
}
