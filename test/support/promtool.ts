// Finds promtool, which checks Prometheus rules, on the PATH, or installs it if that is allowed.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { installPackage, type Installer } from '../../local/install-package.ts';
import type { Log } from '../../src/telemetry/log.ts';

const run = promisify(execFile);

const isInstalled = () =>
  run('promtool', ['--version']).then(
    () => true,
    () => false,
  );

/** Returns the command. @throws with the reason, if promtool is missing and cannot be installed */
export async function findPromtool(installer: Installer, log: Log): Promise<string> {
  if (await isInstalled()) return 'promtool';
  const outcome = await installPackage('promtool', installer, log);
  if (await isInstalled()) return 'promtool';
  throw new Error(`promtool is not available. ${outcome}`);
}
