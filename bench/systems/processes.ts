// Child processes of the benchmark: they have an IPC channel and end when the benchmark ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
const OWN_VARIABLES = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'LANG'];
const STOP_MS = 40_000;

/** The environment of child processes: settings of the caller must not change what is measured. */
export function ownEnvironment(): Record<string, string> {
  const own = OWN_VARIABLES.flatMap((name) => (process.env[name] ? [[name, process.env[name]] as const] : []));
  return Object.fromEntries(own);
}

/** Creates a folder for the data of one system. It is not in the temporary folder, which may be in memory, where a flush
 *  to disk takes no time. */
export function dataFolder(name: string): { path: string; remove: () => void } {
  const parent = join(ROOT, '.turnkeeper');
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, `bench-${name}-`));
  chmodSync(path, 0o711); // if this process is root, PostgreSQL runs as another user
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Starts a script of this folder and waits for its message `{ ready }`. */
export async function startScript(
  name: string,
  env: Record<string, string> = {},
): Promise<{ child: ChildProcess; ready: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, 'bench', name)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...ownEnvironment(), ...env },
  });
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

/** Sends a message and waits for the next one of the process. */
export async function ask<T>(child: ChildProcess, message: object): Promise<T> {
  const answer = nextMessage<T>(child);
  child.send(message);
  return answer;
}

/** Stops the process, with the message or by closing the channel, and waits until it has ended. */
export async function end(child: ChildProcess, message?: object): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const forced = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  if (message && child.connected) child.send(message, () => {});
  else if (child.connected) child.disconnect();
  await ended;
  clearTimeout(forced);
}
