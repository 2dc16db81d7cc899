// Installs a system package if INSTALL_PARTS allows it and this process is root or can use sudo without a password. The
// command is printed before it runs. Only the program is needed: services of the package are neither started nor
// enabled.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Log } from '../src/telemetry/log.ts';

/** Redis for `npm start`; Chromium and promtool (a program of the Prometheus package) for the tests. */
export type Installable = 'redis' | 'chromium' | 'promtool';

type Step = readonly string[];

interface PackageManager {
  readonly command: string;
  /** Homebrew refuses root; the others need it. */
  readonly needsRoot: boolean;
  readonly install: readonly string[];
  /** Runs only if the first installation fails: package lists often exist already, and fetching them is slow. */
  readonly update?: Step;
  /** Packages that contain the program. They are tried in order until one can be installed. */
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
  // No Chromium: a test should not install a browser on a developer's Mac.
  { command: 'brew', needsRoot: false, install: ['brew', 'install'], packages: { redis: ['redis'] } },
];

/** Each alternative is a list of command lines to run in order. Alternatives are tried until one succeeds. */
function alternativesOf({ install, update, packages }: PackageManager, what: Installable): (readonly Step[])[] {
  const [first, ...others] = (packages[what] ?? []).map((name) => [...install, name]);
  if (!first) return [];
  return [[first], ...(update ? [[update, first]] : []), ...others.map((step) => [step])];
}

const run = promisify(execFile);
const TIMEOUT_MS = 10 * 60_000;
const POLICY = '/usr/sbin/policy-rc.d';
const POLICY_TEXT =
  '#!/bin/sh\n# Created by turnkeeper so that a package installation starts no service. Safe to remove.\nexit 101\n';
const SERVICES: Readonly<Record<Installable, readonly string[]>> = {
  redis: ['redis-server', 'redis', 'valkey-server', 'valkey'],
  chromium: [],
  promtool: ['prometheus'],
};

/** Whether a missing program may be installed (INSTALL_PARTS), and where the command is printed. */
export interface Installer {
  readonly allowed: boolean;
  /** Prints a line to the user's terminal. */
  readonly say: (line: string) => void;
}

export const NO_INSTALL: Installer = { allowed: false, say: () => {} };

const commandText = (prefix: readonly string[], step: Step): string =>
  [...prefix, ...step].filter((word) => !/^(env|DEBIAN_FRONTEND=|DPkg::)|^-o$/.test(word)).join(' ');

/**
 * Installs the program with the system's package manager and prints the command before it runs. Returns a sentence
 * about the outcome for an error message; the caller checks whether the program exists now. If `allowed` is false,
 * nothing is installed and the sentence contains the command.
 */
export async function installPackage(what: Installable, { allowed, say }: Installer, log: Log): Promise<string> {
  const manager = await findManager();
  if (!manager) return 'No supported package manager was found.';
  const alternatives = alternativesOf(manager, what);
  const [first] = alternatives[0] ?? [];
  if (!first) return `No package of ${manager.command} is known to contain it.`;
  if (!allowed) {
    const sudo = manager.needsRoot && process.getuid?.() !== 0 ? ['sudo'] : [];
    return `Install it with "${commandText(sudo, first)}".`;
  }
  const prefix = await privilege(manager);
  if (!prefix) return `Installing it with ${manager.command} needs root, or sudo without a password.`;
  say(
    `${what} is not installed: running "${commandText(prefix, first)}". Set INSTALL_PARTS=no to only print the command.`,
  );
  const release = manager.command === 'apt-get' ? await denyServices(prefix) : () => Promise.resolve();
  try {
    return await installFirstAvailable(manager.command, alternatives, prefix, log);
  } finally {
    await release();
    if (manager.needsRoot) await disableServices(prefix, SERVICES[what]);
  }
}

async function installFirstAvailable(
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
      return 'It was installed, but the program was not found.';
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

/** The words to put before a command (sudo or nothing). Null: this process lacks the rights to run it. */
async function privilege(manager: PackageManager): Promise<readonly string[] | null> {
  const isRoot = process.getuid?.() === 0;
  if (!manager.needsRoot) return isRoot ? null : [];
  if (isRoot) return [];
  return (await succeeds(['sudo', '-n', 'true'])) ? ['sudo', '-n'] : null;
}

/**
 * Prevents Debian packages from starting their services, with a policy file. Returns a function that removes the file.
 */
async function denyServices(prefix: readonly string[]): Promise<() => Promise<void>> {
  // Keep a policy that is not turnkeeper's. One of turnkeeper's was left behind by a process that was killed.
  if (existsSync(POLICY) && readFileSync(POLICY, 'utf8') !== POLICY_TEXT) return () => Promise.resolve();
  if (prefix.length === 0) {
    writeFileSync(POLICY, POLICY_TEXT, { mode: 0o755 });
    return () => Promise.resolve(rmSync(POLICY, { force: true }));
  }
  await runLine([...prefix, 'sh', '-c', 'printf %s "$1" >"$2" && chmod 755 "$2"', 'sh', POLICY_TEXT, POLICY]);
  return async () => void (await succeeds([...prefix, 'rm', '-f', POLICY]));
}

/** Disables the services of the new package, so that they do not start at the next boot. */
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
