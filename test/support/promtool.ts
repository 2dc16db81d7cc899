// promtool, which checks Prometheus' rules: the one on the PATH, else installed where that is allowed.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { installPackage, type Installer } from '../../local/install-package.ts';
import type { Log } from '../../src/telemetry/log.ts';

const run = promisify(execFile);

const isThere = () =>
  run('promtool', ['--version']).then(
    () => true,
    () => false,
  );

/** The command. Rejects, and says why, where there is none and none can be had. */
export async function findPromtool(installer: Installer, log: Log): Promise<string> {
  if (await isThere()) return 'promtool';
  const outcome = await installPackage('promtool', installer, log);
  if (await isThere()) return 'promtool';
  throw new Error(`there is no promtool. ${outcome}`);
}
