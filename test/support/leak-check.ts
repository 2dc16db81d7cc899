// Fails a test file that leaves a timer, a connection, a server or a child process running, and records how long each file
// takes. ava loads it into every test process (package.json). Without this check a leak keeps the process alive, and the
// whole run waits for it.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test, { registerCompletionHandler } from 'ava';
import { recordDuration } from './durations.ts';

/** Connections that were just closed may take this long to disappear. */
const GRACE_MS = 10_000;

interface Handle {
  readonly constructor: { readonly name: string };
  readonly fd?: number;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly spawnargs?: readonly string[];
  address?(): { readonly port: number } | string | null;
}

/** Node has no public API that lists handles with their details. */
// oxlint-disable-next-line no-underscore-dangle
const openHandles = () => (process as unknown as { _getActiveHandles(): Handle[] })._getActiveHandles();
const isStdio = ({ fd }: Handle) => fd === 0 || fd === 1 || fd === 2;

function described(handle: Handle): string {
  const { constructor, remoteAddress, remotePort, spawnargs } = handle;
  const address = handle.address?.();
  const where = spawnargs?.join(' ') ?? (remoteAddress ? `to ${remoteAddress}:${remotePort}` : JSON.stringify(address));
  return `${constructor.name} ${where}`;
}

/** Returns the pids of child processes that still run. Empty on a system without /proc. */
function children(): string[] {
  try {
    return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isChild(pid));
  } catch {
    return [];
  }
}

function isChild(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(parent) === process.pid && state !== 'Z';
  } catch {
    return false;
  }
}

registerCompletionHandler(() => {
  // This timer does not keep the process alive (unref): a process without leaks exits before it fires.
  setTimeout(() => {
    const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const handles = openHandles().filter((handle) => !isStdio(handle));
    const leaks = [...(timers > 0 ? [`${timers} timers`] : []), ...handles.map(described)];
    console.error(
      `The tests have finished, but these keep the process alive: ${leaks.join('; ') || 'an unknown resource'}`,
    );
    process.exit(1);
  }, GRACE_MS).unref();
});

process.once('exit', () => {
  recordDuration(fileURLToPath(test.meta.file), performance.now());
  const pids = children();
  if (pids.length === 0) return;
  console.error(`The tests left child processes running: ${pids.join(', ')}`);
  process.exitCode = 1;
});
