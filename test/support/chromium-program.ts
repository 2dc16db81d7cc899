// Finds the browser for the tests of the pages on the PATH, or installs one with the system's package manager.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { installPackage, type Installer } from '../../local/install-package.ts';
import type { Log } from '../../src/telemetry/log.ts';

const run = promisify(execFile);
const CANDIDATES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Returns the path of the program, or the reason why none is available. */
export async function chromiumProgram(
  installer: Installer,
  log: Log,
): Promise<{ readonly path: string } | { readonly why: string }> {
  const found = await find();
  if (found) return { path: found };
  const outcome = await installPackage('chromium', installer, log);
  const installed = await find();
  return installed ? { path: installed } : { why: outcome };
}

async function find(): Promise<string | null> {
  for (const name of CANDIDATES) {
    try {
      const { stdout } = await run('sh', ['-c', 'command -v "$1" && "$1" --version', 'sh', name]);
      return stdout.split('\n')[0]!;
    } catch {
      // Not installed: try the next candidate.
    }
  }
  return null;
}
