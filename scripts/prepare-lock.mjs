// Allows one `npm ci` at a time in a checkout: two at the same time remove each other's files. The lock is a folder
// created by mkdir, which succeeds for only one of two processes. It is outside node_modules, which npm ci removes.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 250;
/** The owner writes its name microseconds after mkdir. A lock that has no name after this time has no owner. */
const NAMELESS_MS = 5_000;
const WAIT_LIMIT_MS = 15 * 60_000;

/** Runs `work` under the lock of the checkout `root`. Waits while another process holds the lock. */
export async function withPrepareLock(root, say, work) {
  const lock = join(root, '.prepare.lock');
  const me = `${process.pid} ${startOf(process.pid)} ${randomUUID()}`;
  await acquire(lock, me, say);
  const release = () => {
    if (ownerOf(lock) === me) rmSync(lock, { recursive: true, force: true });
  };
  process.once('exit', release); // `work` may end the process
  try {
    return await work();
  } finally {
    release();
    process.off('exit', release);
  }
}

async function acquire(lock, me, say) {
  const deadline = Date.now() + WAIT_LIMIT_MS;
  for (let reported = false; ;) {
    try {
      mkdirSync(lock, { mode: 0o700 });
      writeFileSync(join(lock, 'owner'), me);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(lock);
    if (isStale(lock, owner)) {
      discard(lock, owner);
      continue;
    }
    if (Date.now() > deadline)
      throw new Error(`Another process has held the lock ${lock} for too long. Remove it if that process hangs.`);
    if (!reported) say(`Waiting for another process (pid ${owner?.split(' ')[0] ?? '?'}) that prepares this folder …`);
    reported = true;
    await sleep(POLL_MS);
  }
}

function ownerOf(lock) {
  try {
    return readFileSync(join(lock, 'owner'), 'utf8');
  } catch {
    return null;
  }
}

function isStale(lock, owner) {
  if (!owner) {
    const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    return Date.now() - made > NAMELESS_MS;
  }
  const [pid, start] = owner.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error.code === 'ESRCH';
  }
  return startOf(Number(pid)) !== start; // another process has the same pid now
}

/** Removes a stale lock. If two processes try, one of them may have moved the other's new lock; it moves it back. */
function discard(lock, staleOwner) {
  const aside = `${lock}.${randomUUID()}`;
  try {
    renameSync(lock, aside);
    if (ownerOf(aside) !== staleOwner) renameSync(aside, lock);
    else rmSync(aside, { recursive: true, force: true });
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}

/** Start time of a process in kernel ticks. `-` if there is no /proc. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '-';
  }
}
