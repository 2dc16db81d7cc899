// Builds Dapr's sidecar (daprd) and placement service from the Go module in sidecar/, into a per-user cache folder.
// Plain JavaScript without dependencies: it runs on Node 20 and before `npm install`.
//
//   node scripts/dapr-build.mjs     builds if the binaries are missing; prints the two paths to stdout
//
// Exit codes: 0 the binaries exist, 1 the build failed, 3 Go is missing or too old, 130 stopped by a signal.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TEMPORARY = '.building-';
const STALE_MS = 6 * 3600 * 1000;
const EXE = process.platform === 'win32' ? '.exe' : '';

/** The build did not produce a daprd. `code` is `NO_GO` (Go is missing or too old), `BUILD_FAILED` or `ABORTED`. */
export class DaprBuildError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'DaprBuildError';
    this.code = code;
  }
}

/**
 * Paths of this checkout's daprd and placement, which may not exist yet. The name of their folder depends on the
 * sources and not on the version of Go. So a machine without Go finds it too, and a change in sidecar/ leads to a new
 * build. Null: the checkout has no sidecar/ folder.
 */
export function daprPaths({ root = ROOT, env = process.env } = {}) {
  const sidecar = join(root, 'sidecar');
  if (!existsSync(join(sidecar, 'go.mod'))) return null;
  const dir = join(cacheFolder(env), `dapr-${fingerprint(sidecar)}`);
  const daprd = join(dir, `daprd${EXE}`);
  const placement = join(dir, `placement${EXE}`);
  return { dir, daprd, placement, built: existsSync(daprd) && existsSync(placement) };
}

/**
 * Builds the binaries if they are missing and returns their paths. Calls `log` with progress lines; `signal` aborts the
 * build. Throws a DaprBuildError.
 */
export async function buildDapr({ root = ROOT, env = process.env, log = () => {}, signal } = {}) {
  const paths = daprPaths({ root, env });
  if (!paths) throw new DaprBuildError('BUILD_FAILED', `${join(root, 'sidecar')} contains no Go module.`);
  if (paths.built) return paths;

  const sidecar = join(root, 'sidecar');
  const goMod = readFileSync(join(sidecar, 'go.mod'), 'utf8');
  const version = goMod.match(/github\.com\/dapr\/dapr v(\S+)/)?.[1] ?? 'unknown';
  const goEnv = goEnvironment(env);
  const go = await findGo(goMod, goEnv);

  // Built in a temporary folder and renamed, so that a folder with the final name is always complete. Of two builds at
  // the same time either may finish first.
  const parent = dirname(paths.dir);
  mkdirSync(parent, { recursive: true });
  removeStale(parent);
  const temporary = mkdtempSync(join(parent, TEMPORARY));
  const folders = [temporary];
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  log(`Building Dapr ${version} with Go ${go}: the first build takes about 3 minutes on 2 cores.`);
  let downloads = 0;
  const progress = setInterval(() => {
    log(`Still building, ${seconds()} s${downloads > 0 ? `, ${downloads} modules downloaded` : ''}.`);
  }, 20_000);
  try {
    const named = ['dapr/pkg/buildinfo.version', 'kit/logger.DaprVersion'];
    const ldflags = ['-s', '-w', ...named.map((name) => `-X github.com/dapr/${name}=${version}`)].join(' ');
    const options = {
      cwd: sidecar,
      env: goEnv,
      signal,
      skip: (line) => line.startsWith('go: downloading ') && (downloads += 1) > 0,
    };
    const patched = mkdtempSync(join(parent, TEMPORARY));
    folders.push(patched);
    const modFile = await patchedModule(sidecar, patched, options);
    const args = ['build', '-trimpath', '-modfile', modFile, '-ldflags', ldflags];
    const { code, lines } = await runGo([...args, '-o', temporary + sep, './daprd', './placement'], options);
    if (signal?.aborted) throw new DaprBuildError('ABORTED', 'The build of daprd was stopped.');
    if (code !== 0) throw new DaprBuildError('BUILD_FAILED', `go build failed:\n${lines.join('\n')}`);
    try {
      renameSync(temporary, paths.dir);
    } catch (error) {
      // Another build of the same sources finished first. Its result is equivalent.
      if (!daprPaths({ root, env })?.built) throw error;
    }
    log(`Built in ${seconds()} s.`);
    return { ...paths, built: true };
  } finally {
    clearInterval(progress);
    for (const folder of folders) removeFolder(folder);
  }
}

/** Removes the folder. Those of a copied module are read-only. */
function removeFolder(folder) {
  if (!existsSync(folder)) return;
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeFolder(join(folder, entry.name));
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Copies the sources of Dapr, changes the times that sidecar/patches.json names, because Dapr has no settings for them,
 * and returns the path of a go.mod that uses the copy. Throws a DaprBuildError.
 */
async function patchedModule(sidecar, folder, options) {
  const { code, lines } = await runGo(['mod', 'download', '-json', 'github.com/dapr/dapr'], options);
  if (code !== 0) throw new DaprBuildError('BUILD_FAILED', `go mod download failed:\n${lines.join('\n')}`);
  const { Dir: original } = JSON.parse(lines.join('\n'));
  const copy = join(folder, 'dapr');
  cpSync(original, copy, { recursive: true, mode: constants.COPYFILE_FICLONE });
  for (const { file, from, to } of JSON.parse(readFileSync(join(sidecar, 'patches.json'), 'utf8'))) {
    const path = join(copy, file);
    const source = readFileSync(path, 'utf8');
    if (!source.includes(from)) throw new DaprBuildError('BUILD_FAILED', `${file} of Dapr lacks what is patched.`);
    // The module cache is read-only, and so is its copy.
    chmodSync(dirname(path), 0o755);
    rmSync(path);
    writeFileSync(path, source.replace(from, to));
  }
  const goMod = readFileSync(join(sidecar, 'go.mod'), 'utf8');
  writeFileSync(join(folder, 'go.mod'), `${goMod}\nreplace github.com/dapr/dapr => ${copy}\n`);
  cpSync(join(sidecar, 'go.sum'), join(folder, 'go.sum'));
  return join(folder, 'go.mod');
}

export function cacheFolder(env) {
  // The XDG specification says that a relative path is ignored.
  const xdg = env.XDG_CACHE_HOME;
  return join(xdg && isAbsolute(xdg) ? xdg : join(env.HOME || homedir(), '.cache'), 'turnkeeper');
}

/** 16 hex digits of a hash of the sources, the platform and the architecture. */
function fingerprint(sidecar) {
  const hash = createHash('sha256');
  for (const file of sourceFiles(sidecar)) {
    const content = readFileSync(file);
    hash.update(`${relative(sidecar, file).split(sep).join('/')}\0${content.length}\0`).update(content);
  }
  return hash.update(`${process.platform}\0${process.arch}`).digest('hex').slice(0, 16);
}

function sourceFiles(folder, top = true) {
  const files = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      // A folder with its own go.mod (composecheck) is another module and not part of this build.
      if (!existsSync(join(path, 'go.mod'))) files.push(...sourceFiles(path, false));
    } else if (entry.name.endsWith('.go') || (top && ['go.mod', 'go.sum', 'patches.json'].includes(entry.name))) {
      files.push(path);
    }
  }
  return files.toSorted();
}

/** The environment for Go, without variables that change the result: this platform, no C compiler, only this module. */
function goEnvironment(env) {
  const { GOOS: _os, GOARCH: _arch, ...rest } = env;
  return {
    ...rest,
    CGO_ENABLED: '0',
    GOFLAGS: '-mod=readonly -buildvcs=false',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
    GO111MODULE: 'on',
  };
}

/** The version of the Go on the PATH. Throws a DaprBuildError if Go is missing or older than go.mod requires. */
async function findGo(goMod, env) {
  const wanted = goMod.match(/^go (\S+)$/m)?.[1] ?? '0';
  const advice =
    `Install Go ${wanted} or newer and run "npm run dapr:build" again, or put your own daprd and placement on the ` +
    'PATH. turnkeeper also runs without Dapr: ACTOR_RUNTIME=embedded.';
  let found;
  try {
    const { code, lines } = await runGo(['env', 'GOVERSION'], { cwd: homedir(), env });
    found = code === 0 ? lines.join('').match(/go(\d+(?:\.\d+)*)/)?.[1] : undefined;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new DaprBuildError('NO_GO', `Building daprd needs Go, but there is no "go" on the PATH. ${advice}`);
  }
  if (!found) throw new DaprBuildError('NO_GO', `The "go" on the PATH does not print its version. ${advice}`);
  if (!atLeast(found, wanted)) throw new DaprBuildError('NO_GO', `Go ${found} is too old to build daprd. ${advice}`);
  return found;
}

function atLeast(found, wanted) {
  const [a, b] = [found, wanted].map((version) => version.split('.').map(Number));
  for (const [index, part] of b.entries()) {
    if ((a[index] ?? 0) !== part) return (a[index] ?? 0) > part;
  }
  return true;
}

/** Runs go. Returns its exit code and its output, without the lines for which `skip` returns true. */
function runGo(args, { cwd, env, signal, skip = () => false }) {
  return new Promise((resolve, reject) => {
    const lines = [];
    const child = spawn('go', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const onAbort = () => child.kill('SIGINT'); // Go stops its compilers and removes its work folder
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => skip(line) || lines.push(line));
    }
    child.once('error', reject);
    child.once('close', (code) => {
      signal?.removeEventListener('abort', onAbort);
      resolve({ code, lines });
    });
  });
}

/** Removes temporary folders of builds that were killed. The folder of a running build is younger. */
function removeStale(parent) {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const path = join(parent, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > STALE_MS) removeFolder(path);
  }
}

async function main() {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort());
  try {
    const { daprd, placement } = await buildDapr({ log: (line) => console.error(line), signal: stop.signal });
    console.log(`${daprd}\n${placement}`);
  } catch (error) {
    if (!(error instanceof DaprBuildError)) throw error;
    console.error(error.message);
    process.exitCode = { NO_GO: 3, ABORTED: 130 }[error.code] ?? 1;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
