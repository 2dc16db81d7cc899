// Starts turnkeeper in a process of its own, with its bundled services and the data in a temporary folder.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../scripts/prepare.mjs';

const READY_MS = 120_000;
const KEPT = ['PATH', 'HOME', 'XDG_CACHE_HOME'];

/** The key of a user: each client of this example is one. */
export const keyOf = (user) => `key-of-${user}`;
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** Starts turnkeeper on a free port, with a key for each of `users`. @throws with its output if it does not start */
export async function startTurnkeeper({ node, users, modelUrl, model }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'turnkeeper-clients-'));
  // If this process is root, PostgreSQL runs as another user, who must be able to enter the folder.
  chmodSync(dataDir, 0o711);
  const kept = Object.fromEntries(KEPT.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', 'src/main.ts', '--migrate'], {
    cwd: ROOT,
    env: {
      ...kept,
      PORT: '0',
      LOG_LEVEL: 'warn',
      DATA_DIR: dataDir,
      ACTOR_RUNTIME: 'embedded',
      // No summaries during the run: the model is called only for replies.
      MEMORY_DEBOUNCE_MS: '3600000',
      AUTH: 'keys',
      API_KEYS: users.map((user) => `${user}:user:${user}:${sha256(keyOf(user))}`).join(','),
      OPENAI_BASE_URL: modelUrl,
      OPENAI_MODEL: model,
    },
    // turnkeeper also stops when this channel closes, because this process ended.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(dataDir, { recursive: true, force: true });
  };
  const lines = [];
  try {
    const url = await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`turnkeeper ${why}:\n${lines.join('\n')}`));
      const timer = setTimeout(() => fail(`is not ready after ${READY_MS / 1000} s`), READY_MS);
      void exited.then((code) => fail(`ended with ${code}`)).finally(() => clearTimeout(timer));
      for (const stream of [child.stdout, child.stderr])
        createInterface({ input: stream }).on('line', (line) => {
          lines.push(line);
          const found = /turnkeeper is ready at (\S+)/.exec(line);
          if (!found) return;
          clearTimeout(timer);
          resolve(found[1]);
        });
    });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
