// Installs the clients in the versions that node/package.json and python/requirements.txt name, outside the checkout.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../scripts/dapr-build.mjs';
import { runToEnd } from '../../scripts/run-node.mjs';

const HERE = import.meta.dirname;

/** The folder for everything that is installed: `CLIENTS_DIR`, or a folder in the user's cache folder. */
const folder = () => process.env.CLIENTS_DIR ?? join(cacheFolder(process.env), 'clients');

async function run(command, args, cwd) {
  const code = await runToEnd(command, args, { cwd });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed (exit code ${code})`);
}

/** How each language installs the packages of its file into the folder `into`. */
const LANGUAGES = {
  node: {
    file: 'package.json',
    install: (into) =>
      run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'], into),
  },
  python: {
    file: 'requirements.txt',
    async install(into) {
      await run('python3', ['-m', 'venv', into], into);
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'];
      await run(join(into, 'bin/python'), pip, into);
    },
  },
};

/** Installs the packages of a language if they are missing, and copies its scripts beside them, because a script imports
 *  the packages that are beside it. Returns the folder. @throws if it fails */
export async function installClients(language) {
  const source = join(HERE, language);
  const { file, install } = LANGUAGES[language];
  const fingerprint = createHash('sha256')
    .update(readFileSync(join(source, file)))
    .digest('hex')
    .slice(0, 8);
  const installed = join(folder(), `${language}-${fingerprint}`);
  if (!existsSync(installed)) {
    console.log(`installing the packages of ${language}/${file} into ${installed} …`);
    // The folder gets its final name when it is complete: two runs may install at the same time.
    const building = `${installed}.${process.pid}`;
    mkdirSync(building, { recursive: true });
    try {
      cpSync(join(source, file), join(building, file));
      await install(building);
      if (!existsSync(installed)) renameSync(building, installed);
    } finally {
      rmSync(building, { recursive: true, force: true });
    }
  }
  for (const script of readdirSync(source)) cpSync(join(source, script), join(installed, script), { recursive: true });
  return installed;
}
