// Builds sidecar/composecheck once into the user's cache folder. It checks compose.yml without Docker. The build needs
// Go and downloads its modules once.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const SOURCE = new URL('../../sidecar/composecheck', import.meta.url).pathname;
const FILES = ['go.mod', 'go.sum', 'main.go'];
const GO_ENV = {
  ...process.env,
  CGO_ENABLED: '0',
  GOFLAGS: '-mod=readonly -buildvcs=false',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
};

export type Composecheck = { readonly program: string } | { readonly missing: string };

const go = (...args: string[]) =>
  execFileSync('go', args, { cwd: SOURCE, env: GO_ENV, encoding: 'utf8', stdio: 'pipe' });

/** The last line of the error output of a failed command. */
function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return stderr?.trim().split('\n').at(-1) ?? message;
}

/** The program, or the reason why it cannot be built here. @throws if Go and the modules exist and the build fails */
export function composecheck(): Composecheck {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of FILES) hash.update(readFileSync(join(SOURCE, file)));
  const xdg = process.env['XDG_CACHE_HOME'];
  const cache = join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'turnkeeper');
  const program = join(cache, `composecheck-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return { program };
  try {
    go('version');
  } catch {
    return { missing: 'there is no Go on the PATH' };
  }
  try {
    go('mod', 'download');
  } catch (error) {
    return { missing: `its Go modules cannot be downloaded: ${reasonOf(error)}` };
  }
  mkdirSync(cache, { recursive: true });
  // Built in a temporary folder and renamed: a file with the final name is complete, also if two test runs build at the
  // same time.
  const temporary = mkdtempSync(join(cache, '.building-'));
  try {
    go('build', '-o', join(temporary, 'composecheck'), '.');
    renameSync(join(temporary, 'composecheck'), program);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return { program };
}
