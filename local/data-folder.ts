// Locks the data folder for one turnkeeper process. Two servers on the same PostgreSQL or Redis files would destroy
// them.
//
// The lock is an open SQLite transaction, which holds an operating system lock on a file. The kernel releases it when
// the process ends, also after kill -9. A pid file is not sufficient: after kill -9 it may name the pid
// of another process. In containers the same pids almost always return.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { InUseError } from './service.ts';

export interface DataFolder {
  readonly path: string;
  /** Sets the address that the error shows to another process which tries to lock this folder. */
  announce(address: string): void;
  /** Idempotent. */
  release(): void;
}

const SQLITE_BUSY = 5;
/** Prevents the garbage collector from closing a database, which would release its lock. */
const held = new Set<DatabaseSync>();

/**
 * Creates the folder if it is missing and locks it until release() or the end of this process.
 * @throws InUseError if another process holds the lock; the message names that process
 */
export function lockDataFolder(dir: string): DataFolder {
  const path = resolve(dir);
  // If this process is root, PostgreSQL runs as another user, who needs to enter this folder but not to list it.
  mkdirSync(path, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const ownerFile = join(path, 'owner.json');
  const lock = new DatabaseSync(join(path, 'lock.db'));
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new InUseError(
      `Another turnkeeper ${describeOwner(ownerFile)} uses the folder ${path}. Stop it first, or set DATA_DIR to another folder.`,
    );
  }
  const writeOwner = (address: string | null) =>
    writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, address }), { mode: 0o600 });
  held.add(lock);
  writeOwner(null);
  let released = false;
  return {
    path,
    announce: writeOwner,
    release: () => {
      if (released) return;
      released = true;
      held.delete(lock);
      lock.close();
    },
  };
}

/** Describes the owner for the error message. The owner may not have written its file yet. */
function describeOwner(file: string): string {
  try {
    const { pid, address } = JSON.parse(readFileSync(file, 'utf8')) as { pid?: number; address?: string | null };
    return `(pid ${pid}${address ? `, ${address}` : ''})`;
  } catch {
    return '(starting)';
  }
}
