// Installs a system package, if INSTALL_PARTS allows it and we are root or have a sudo that needs no password. It is
// announced first. Only the program is wanted: a service of the package is neither started nor enabled.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Log } from '../src/telemetry/log.ts';

/** What can be installed: a Redis; for the tests a Chromium, and the checker of Prometheus' files, which is part of Prometheus. */
export type Installable = 'redis' | 'chromium' | 'promtool';

type Step = readonly string[];

interface PackageManager {
  readonly command: string;
  /** Homebrew refuses root; the others need it. */
  readonly needsRoot: boolean;
  readonly install: readonly string[];
  /** What to do first where a package is not found: lists are often there, and fetching them is slow. */
  readonly update?: Step;
  /** Names of packages that bring it; they are tried until one succeeds. */
  readonly packages: Readonly<Partial<Record<Installable, readonly string[]>>>;
}

const APT = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-o', 'DPkg::Lock::Timeout=120'];
const MANAGERS: readonly PackageManager[] = [
  {
    command: 'apt-get',
    needsRoot: true,
    install: [...APT, 'install', '--no-install-recommends'],
    update: [...APT, 'update'],
    packages: { redis: ['redis-server', 'valkey-server'], chromium: ['chromium'], promtool: ['prometheus'] },
  },
  {
    command: 'apk',
    needsRoot: true,
    install: ['apk', 'add', '--no-cache'],
    packages: { redis: ['redis', 'valkey'], chromium: ['chromium'] },
  },
  ...['dnf', 'microdnf', 'yum'].map((command) => ({
    command,
    needsRoot: true,
    install: [command, 'install', '-y'],
    packages: { redis: ['valkey', 'redis'], chromium: ['chromium'] },
  })),
  {
    command: 'zypper',
    needsRoot: true,
    install: ['zypper', '--non-interactive', 'install'],
    packages: { redis: ['redis'], chromium: ['chromium'] },
  },
  {
    command: 'pacman',
    needsRoot: true,
    install: ['pacman', '-Sy', '--noconfirm'],
    packages: { redis: ['valkey'], chromium: ['chromium'] },
  },
  // A browser is nothing that Homebrew should bring without being asked.
  { command: 'brew', needsRoot: false, install: ['brew', 'install'], packages: { redis: ['redis'] } },
];

/** Command lines, one after another; the alternatives are tried until one succeeds. */
function alternativesOf({ install, update, packages }: PackageManager, what: Installable): (readonly Step[])[] {
  const [first, ...others] = (packages[what] ?? []).map((name) => [...install, name]);
  if (!first) return [];
  return [[first], ...(update ? [[update, first]] : []), ...others.map((step) => [step])];
}

const run = promisify(execFile);
const TIMEOUT_MS = 10 * 60_000;
const POLICY = '/usr/sbin/policy-rc.d';
const POLICY_TEXT =
  '#!/bin/sh\n# Made by turnkeeper while it installs a package: no service is to start. Safe to remove.\nexit 101\n';
const SERVICES: Readonly<Record<Installable, readonly string[]>> = {
  redis: ['redis-server', 'redis', 'valkey-server', 'valkey'],
  chromium: [],
  promtool: ['prometheus'],
};

/** Whether a missing program may be installed (INSTALL_PARTS), and where people read what is done. */
export interface Installer {
  readonly allowed: boolean;
  /** Prints a line for the people who started us. */
  readonly say: (line: string) => void;
}

export const NO_INSTALL: Installer = { allowed: false, say: () => {} };

const shown = (prefix: readonly string[], step: Step): string =>
  [...prefix, ...step].filter((word) => !/^(env|DEBIAN_FRONTEND=|DPkg::)|^-o$/.test(word)).join(' ');

/** Installs the program with the system's package manager, announced before it happens. Returns a sentence on the outcome
 *  for an error message; the caller looks whether the program is there now. With `allowed` false nothing is run, and the
 *  sentence names the command. */
export async function installPackage(what: Installable, { allowed, say }: Installer, log: Log): Promise<string> {
  const manager = await findManager();
  if (!manager) return 'No known package manager was found.';
  const alternatives = alternativesOf(manager, what);
  const [first] = alternatives[0] ?? [];
  if (!first) return `No package of ${manager.command} is known to contain it.`;
  if (!allowed) {
    const sudo = manager.needsRoot && process.getuid?.() !== 0 ? ['sudo'] : [];
    return `Install it with: ${shown(sudo, first)}`;
  }
  const prefix = await privilege(manager);
  if (!prefix) return `Installing it with ${manager.command} needs root, or sudo without a password.`;
  say(
    `${what} is not installed: running "${shown(prefix, first)}". Set INSTALL_PARTS=no to be shown the command instead.`,
  );
  const release = manager.command === 'apt-get' ? await denyServices(prefix) : () => Promise.resolve();
  try {
    return await firstThatSucceeds(manager.command, alternatives, prefix, log);
  } finally {
    await release();
    if (manager.needsRoot) await disableServices(prefix, SERVICES[what]);
  }
}

async function firstThatSucceeds(
  manager: string,
  alternatives: readonly (readonly Step[])[],
  prefix: readonly string[],
  log: Log,
): Promise<string> {
  let reason = '';
  for (const steps of alternatives) {
    try {
      for (const step of steps) await runLine([...prefix, ...step]);
      log.info({ component: 'install', manager }, 'Installed.');
      return 'It was installed but is not found.';
    } catch (error) {
      const { stderr, message } = error as { stderr?: string; message: string };
      reason = (stderr || message).trim().split('\n').slice(-2).join(' ');
    }
  }
  return `${manager} could not install it: ${reason}`;
}

async function findManager(): Promise<PackageManager | null> {
  for (const manager of MANAGERS) {
    if (await succeeds([manager.command, '--version'])) return manager;
  }
  return null;
}

/** What to put before a command; null when it is not allowed. */
async function privilege(manager: PackageManager): Promise<readonly string[] | null> {
  const isRoot = process.getuid?.() === 0;
  if (!manager.needsRoot) return isRoot ? null : [];
  if (isRoot) return [];
  return (await succeeds(['sudo', '-n', 'true'])) ? ['sudo', '-n'] : null;
}

/** Debian's packages start their service at once unless this file says no. Gives what takes it away again. */
async function denyServices(prefix: readonly string[]): Promise<() => Promise<void>> {
  // Somebody else's policy stays; one of ours is from a run that was killed.
  if (existsSync(POLICY) && readFileSync(POLICY, 'utf8') !== POLICY_TEXT) return () => Promise.resolve();
  if (prefix.length === 0) {
    writeFileSync(POLICY, POLICY_TEXT, { mode: 0o755 });
    return () => Promise.resolve(rmSync(POLICY, { force: true }));
  }
  await runLine([...prefix, 'sh', '-c', 'printf %s "$1" >"$2" && chmod 755 "$2"', 'sh', POLICY_TEXT, POLICY]);
  return async () => void (await succeeds([...prefix, 'rm', '-f', POLICY]));
}

/** It was not there before us, so nobody wants it at the next boot. */
async function disableServices(prefix: readonly string[], services: readonly string[]): Promise<void> {
  if (!existsSync('/run/systemd/system')) return;
  for (const service of services) await succeeds([...prefix, 'systemctl', 'disable', '--now', service]);
}

async function runLine([command, ...args]: readonly string[]): Promise<void> {
  await run(command!, args, { timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 });
}

const succeeds = (line: readonly string[]) =>
  runLine(line).then(
    () => true,
    () => false,
  );
