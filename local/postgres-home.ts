// Where an embedded PostgreSQL keeps its things, and as whom it runs.
//
// PostgreSQL refuses to run as root. Started by root we run it as `postgres`, or `nobody`; that user must be able to
// reach its data. In a data folder below a folder that only root may enter (/root, a private temporary folder) it
// cannot; then the cluster lives in a folder of its own under SHARED, and a file in the data folder says where.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { NO_INSTALL, type Installer } from './install-package.ts';
import { ServiceError } from './service.ts';

export interface PostgresHome {
  /** Holds `data`, `password` and `port`. */
  readonly folder: string;
  /** Whom the server runs as, when not as us. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
}

const SHARED = '/var/lib/turnkeeper';
const LOCATION_FILE = 'postgres.location';
const CANDIDATES = ['postgres', 'nobody'];

/** Finds or makes the folder for the cluster of this data folder. */
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
      `The database in ${inside} runs as the user with id ${user.uid}, who may no longer enter: chmod o+x ${path} and the folders above.`,
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
  // For whoever wonders in /var/lib what this is.
  writeFileSync(join(elsewhere, 'belongs-to'), `${path}\n`, { mode: 0o600 });
  writeFileSync(location, `${elsewhere}\n`, { mode: 0o600 });
  return { folder: elsewhere, user };
}

/** True when any user can go through this folder and all above it. */
export function othersMayEnter(path: string): boolean {
  if ((statSync(path).mode & 0o001) === 0) return false;
  const parent = dirname(path);
  return parent === path || othersMayEnter(parent);
}

function makeFolder(path: string, mode: number): string {
  if (!existsSync(path)) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode); // whatever the umask is
  }
  return path;
}

/** `initdb` insists on a user with a name, so a bare number will not do. */
function unprivilegedUser(): { uid: number; gid: number } {
  for (const name of CANDIDATES) {
    const [uid, gid] = [idOf('-u', name), idOf('-g', name)];
    if (uid !== null && gid !== null) return { uid, gid };
  }
  throw new ServiceError(
    `PostgreSQL does not run as root, and there is no user ${CANDIDATES.join(' or ')}: start turnkeeper as another user, or set DATABASE_URL.`,
  );
}

function idOf(flag: string, name: string): number | null {
  try {
    return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return null;
  }
}
