// The data folder belongs to one turnkeeper at a time: two on the same PostgreSQL or Redis files would destroy them.
//
// The lock is an open SQLite transaction, which is a lock of the operating system on a file: the kernel gives it back
// when its process dies, however it dies. A file with a pid in it would have to be guessed stale after kill -9, and
// pids are used again, in containers almost always the same ones.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { InUseError } from './service.ts';

export interface DataFolder {
  readonly path: string;
  /** Told to whoever tries the same folder. */
  announce(address: string): void;
  /** Idempotent. */
  release(): void;
}

const SQLITE_BUSY = 5;
/** A database that nobody refers to is closed by the garbage collector, and its lock is gone. */
const held = new Set<DatabaseSync>();

/**
 * Makes the folder if need be and locks it until release() or the end of this process.
 * @throws InUseError, which names the other process, when it is locked
 */
export function lockDataFolder(dir: string): DataFolder {
  const path = resolve(dir);
  // As root, PostgreSQL runs as another user, which must be able to go through (not list) this folder.
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
  const describe = (address: string | null) =>
    writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, address }), { mode: 0o600 });
  held.add(lock);
  describe(null);
  let released = false;
  return {
    path,
    announce: describe,
    release: () => {
      if (released) return;
      released = true;
      held.delete(lock);
      lock.close();
    },
  };
}

/** Only for the message: the owner may not have written it yet. */
function describeOwner(file: string): string {
  try {
    const { pid, address } = JSON.parse(readFileSync(file, 'utf8')) as { pid?: number; address?: string | null };
    return `(pid ${pid}${address ? `, ${address}` : ''})`;
  } catch {
    return '(just starting)';
  }
}
