// Installs OpenAI's Python client in a virtual environment that is kept outside the checkout.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../scripts/dapr-build.mjs';

const run = promisify(execFile);
const REQUIREMENTS = join(import.meta.dirname, '../openai/requirements.txt');
const INSTALL_MS = 300_000;

/** Returns the path of a Python that has the client in the pinned versions. Installs it if it is missing.
 *  @throws if python3 or venv is missing, or the installation fails */
export async function installPythonClient(options: {
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { log, signal } = options;
  const pinned = readFileSync(REQUIREMENTS, 'utf8');
  const version = /^openai==(\S+)$/m.exec(pinned)?.[1] ?? 'unpinned';
  const fingerprint = createHash('sha256').update(pinned).digest('hex').slice(0, 8);
  const folder = join(cacheFolder(process.env), `python-openai-${version}-${fingerprint}`);
  const python = join(folder, 'bin/python');
  if (existsSync(python)) return python;
  log(`installing OpenAI's Python client into ${folder} …`);
  // The folder gets its final name when it is complete: two runs may install at the same time.
  const building = `${folder}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  try {
    await run('python3', ['-m', 'venv', building], { signal, timeout: INSTALL_MS });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
    await run(join(building, 'bin/python'), pip, { signal, timeout: INSTALL_MS });
    if (!existsSync(folder)) renameSync(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return python;
}
