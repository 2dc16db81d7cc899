// Builds the pages of web/ into web/dist with Vite if their sources have changed. Plain JavaScript without
// dependencies, as it runs on Node 20. `node scripts/web-build.mjs` always builds, with the Node that runs it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OUTPUT_FOLDERS = ['dist'];
const LINES_SHOWN = 40;

const stampFile = (root) => join(root, 'web/dist/.sources-sha256');

/** Hash of the sources of the pages: all files of web/ except the build, and package-lock.json. */
function sourcesHash(root) {
  const web = join(root, 'web');
  const files = readdirSync(web, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !OUTPUT_FOLDERS.some((folder) => file.startsWith(join(web, folder))));
  const hash = createHash('sha256');
  for (const file of [join(root, 'package-lock.json'), ...files.toSorted()]) {
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

/** Whether web/dist exists and was built from the current sources. */
export function isWebBuilt(root) {
  const stamp = stampFile(root);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesHash(root);
}

/** Builds the pages with the given Node. If that fails, throws an error with Vite's output and writes no stamp. */
export async function buildWeb({ root, node, say }) {
  const began = Date.now();
  const built = sourcesHash(root);
  const { code, output } = await run(node, [join(root, 'node_modules/vite/bin/vite.js'), 'build', 'web'], root);
  if (code !== 0) {
    const lines = output.trimEnd().split('\n').slice(-LINES_SHOWN).join('\n');
    throw new Error(`${lines}\nThe pages could not be built (exit code ${code}): see above.`);
  }
  writeFileSync(stampFile(root), built);
  say(`Pages built in ${((Date.now() - began) / 1000).toFixed(1)} s.`);
}

function run(command, args, cwd) {
  return new Promise((resolve) => {
    let output = '';
    // Vite's launcher would keep compiled code in the system's folder for temporary files.
    const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
    const options = { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' };
    const child = spawn(command, args, options);
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ code: 1, output: `${command}: ${error.message}` }));
    child.once('close', (code) => resolve({ code, output }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  await buildWeb({ root, node: process.execPath, say: (line) => console.error(line) });
}
