// npm run migrate -- <command>: the knex migrate CLI on knexfile.ts, on the pinned Node.
import { join } from 'node:path';
import { prepare, ROOT } from './prepare.mjs';
import { runToEnd } from './run-node.mjs';

const USAGE = `usage: npm run migrate -- <command>

  latest             applies every migration that is not applied yet
  up [NAME]          applies the next one, or the one named
  down [NAME]        takes back the last one, or the one named
  rollback [--all]   takes back the last batch, or everything
  status             lists what is applied and what is not
  make NAME          makes a new migration file
  unlock             removes a lock that a killed migration left behind

DATABASE_URL names the database, e.g. postgres://user:password@127.0.0.1:5432/turnkeeper; without it the embedded
PostgreSQL of DATA_DIR is migrated.`;

const COMMANDS = ['latest', 'up', 'down', 'rollback', 'status', 'make', 'unlock'];
/** knex tries every loader it knows before it runs the file as it is, and says so of each it does not find. */
const NOISE = /^Failed to load external module /;

const [command, ...rest] = process.argv.slice(2);
if (!command || command === '--help' || command === '-h' || command === 'help') {
  console.log(USAGE);
  process.exit(command ? 0 : 2);
}
if (!COMMANDS.includes(command)) {
  console.error(`unknown command: ${command}\n\n${USAGE}`);
  process.exit(2);
}

const node = await prepare();
const quiet = '--disable-warning=ExperimentalWarning';
const knex = [
  quiet,
  join(ROOT, 'node_modules/knex/bin/cli.js'),
  '--knexfile',
  join(ROOT, 'knexfile.ts'),
  `migrate:${command}`,
  ...rest,
];
// Only a database can say what is applied; making a file needs none.
const embedded = !process.env.DATABASE_URL && command !== 'make';
const args = embedded ? [quiet, join(ROOT, 'local/migrate.ts'), ...knex] : knex;
process.exitCode = await runToEnd(node, args, { keep: (line) => !NOISE.test(line) });
