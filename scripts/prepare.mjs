// Prepares a checkout: installs the packages of package-lock.json, which include the pinned Node.
// Plain JavaScript without dependencies: it runs on Node 20 and before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withPrepareLock } from './prepare-lock.mjs';
import { buildWeb, isWebBuilt } from './web-build.mjs';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, 'node_modules');
const STAMP = join(MODULES, '.turnkeeper-lock-sha256');
const NODE = join(MODULES, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
const OLDEST_NODE = 24;
const LINES_SHOWN = 40;

/**
 * Installs the packages of package-lock.json and, with `web`, builds the pages, if that is necessary. Returns the path
 * of the pinned Node. If it fails, prints the reason and ends the process with code 1.
 */
export async function prepare({ quiet = false, web = false } = {}) {
  const say = quiet ? () => {} : (line) => console.error(line);
  const isWebReady = () => !web || isWebBuilt(ROOT);
  if (isPrepared() && isWebReady()) return NODE;
  try {
    return await withPrepareLock(ROOT, say, async () => {
      // Checked again: another process may have prepared the folder while this one waited.
      if (!isPrepared()) {
        if (!matchesLock()) await install(say);
        await checkPinnedNode(say);
        writeFileSync(STAMP, stamp());
      }
      if (!isWebReady()) await buildWeb({ root: ROOT, node: NODE, say });
      return NODE;
    });
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

/** The environment in which the command `node` is the pinned Node. */
export function withPinnedNode(env = process.env) {
  return { ...env, PATH: `${join(MODULES, '.bin')}${process.platform === 'win32' ? ';' : ':'}${env.PATH ?? ''}` };
}

/**
 * Identifies the lock file and the platform, because a folder shared between machines has the binaries of one platform.
 */
function stamp() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`;
}

function isPrepared() {
  return existsSync(NODE) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp();
}

/** Whether node_modules already contains everything in the lock file, for example after a developer's `npm install`. */
function matchesLock() {
  const hidden = join(MODULES, '.package-lock.json');
  if (!existsSync(hidden) || !existsSync(NODE)) return false;
  try {
    const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
    const found = JSON.parse(readFileSync(hidden, 'utf8')).packages;
    return Object.entries(wanted).every(
      ([path, { version, optional }]) =>
        path === '' || (optional && !found[path]) || (found[path]?.version === version && existsSync(join(ROOT, path))),
    );
  } catch {
    return false;
  }
}

async function install(say) {
  say('Installing dependencies (npm ci) …');
  const began = Date.now();
  // A killed npm ci leaves an incomplete node_modules. Without the stamp it is not used.
  rmSync(STAMP, { force: true });
  const { code, lines } = await run('npm', ['ci', '--no-audit', '--no-fund'], ROOT);
  if (code !== 0) {
    throw new Error(`${lines.slice(-LINES_SHOWN).join('\n')}\nnpm ci failed (exit code ${code}): see above.`);
  }
  say(`Dependencies installed in ${Math.round((Date.now() - began) / 1000)} s.`);
}

/** The package `node` links its binary in an install script, which npm may be set to not run. This function runs it. */
async function checkPinnedNode(say) {
  if (pinnedVersion() >= OLDEST_NODE) return;
  say('The pinned Node is not linked yet: running its install script …');
  const { code, lines } = await run('node', ['installArchSpecificPackage.js'], join(MODULES, 'node'));
  if (pinnedVersion() >= OLDEST_NODE) return;
  throw new Error(
    `${lines.slice(-LINES_SHOWN).join('\n')}\nThe npm package "node" installed no working Node ${OLDEST_NODE} or newer at ` +
      `${NODE} (install script: exit code ${code}). It may not support ${process.platform}-${process.arch}.`,
  );
}

function pinnedVersion() {
  const { status, stdout } = spawnSync(NODE, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' });
  return status === 0 ? Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 0) : 0;
}

function run(command, args, cwd) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ code: 1, lines: [`${command}: ${error.message}`] }));
    child.once('close', (code) => resolve({ code, lines: output.trimEnd().split('\n') }));
  });
}
