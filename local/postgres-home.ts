// The folder of an embedded PostgreSQL and the user that runs it.
//
// PostgreSQL refuses to run as root. If this process is root, the server runs as `postgres` or `nobody`, and that user
// needs access to its data. If the data folder is below a folder that only root may enter (/root, a private temporary
// folder), the cluster is in its own folder under SHARED, and a file in the data folder contains its path.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { NO_INSTALL, type Installer } from './install-package.ts';
import { ServiceError } from './service.ts';

export interface PostgresHome {
  /** Contains `data`, `password` and `port`. */
  readonly folder: string;
  /** The user that runs the server. Null: the user of this process. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
}

const SHARED = '/var/lib/turnkeeper';
const LOCATION_FILE = 'postgres.location';
const CANDIDATES = ['postgres', 'nobody'];

/**
 * Finds or creates the folder for the cluster of this data folder.
 * @throws ServiceError if this process is root and no other user can run the server or enter the folder
 */
export function postgresHome(dataDir: string, installer: Installer = NO_INSTALL): PostgresHome {
  const path = resolve(dataDir);
  mkdirSync(path, { recursive: true });
  if (process.getuid?.() !== 0) return { folder: makeFolder(join(path, 'postgres'), 0o700), user: null };
  const user = unprivilegedUser();
  const location = join(path, LOCATION_FILE);
  if (existsSync(location)) return { folder: makeFolder(readFileSync(location, 'utf8').trim(), 0o711), user };
  const inside = join(path, 'postgres');
  if (existsSync(join(inside, 'data')) && !othersMayEnter(path)) {
    throw new ServiceError(
      `The database in ${inside} runs as the user with id ${user.uid}, who may no longer enter ${path}: run chmod o+x on it and the folders above.`,
    );
  }
  if (othersMayEnter(path)) return { folder: makeFolder(inside, 0o711), user };
  const why = `PostgreSQL does not run as root, and the user with id ${user.uid} may not enter ${path}`;
  if (!installer.allowed)
    throw new ServiceError(`${why}: start turnkeeper as another user, choose another DATA_DIR, or set DATABASE_URL.`);
  const elsewhere = join(SHARED, `${basename(path).replace(/^\.+/, '')}-${randomBytes(4).toString('hex')}`);
  installer.say(`${why}. The database is kept in ${elsewhere} instead.`);
  makeFolder(SHARED, 0o711);
  makeFolder(elsewhere, 0o711);
  // Tells an administrator which data folder this one belongs to.
  writeFileSync(join(elsewhere, 'belongs-to'), `${path}\n`, { mode: 0o600 });
  writeFileSync(location, `${elsewhere}\n`, { mode: 0o600 });
  return { folder: elsewhere, user };
}

/** Whether any user may enter this folder and all folders above it. */
export function othersMayEnter(path: string): boolean {
  if ((statSync(path).mode & 0o001) === 0) return false;
  const parent = dirname(path);
  return parent === path || othersMayEnter(parent);
}

function makeFolder(path: string, mode: number): string {
  if (!existsSync(path)) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode); // mkdir applies the umask
  }
  return path;
}

/** A user with a name: `initdb` refuses a uid without one. */
function unprivilegedUser(): { uid: number; gid: number } {
  for (const name of CANDIDATES) {
    const [uid, gid] = [idOf('-u', name), idOf('-g', name)];
    if (uid !== null && gid !== null) return { uid, gid };
  }
  throw new ServiceError(
    `PostgreSQL does not run as root, and no user ${CANDIDATES.join(' or ')} exists: start turnkeeper as another user, or set DATABASE_URL.`,
  );
}

function idOf(flag: string, name: string): number | null {
  try {
    return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return null;
  }
}
