// npm run migrate -- <command>: the knex migrate CLI on knexfile.ts, on the pinned Node.
import { join } from 'node:path';
import { prepare, ROOT } from './prepare.mjs';
import { runToEnd } from './run-node.mjs';

const USAGE = `usage: npm run migrate -- <command>

  latest             applies all migrations that are not applied yet
  up [NAME]          applies the next migration, or the one named
  down [NAME]        reverts the last migration, or the one named
  rollback [--all]   reverts the last batch, or all migrations
  status             lists which migrations are applied
  make NAME          creates a migration file
  unlock             removes the lock of a migration that was killed

DATABASE_URL names the database, e.g. postgres://user:password@127.0.0.1:5432/turnkeeper; without it the embedded
PostgreSQL of DATA_DIR is migrated.`;

const COMMANDS = ['latest', 'up', 'down', 'rollback', 'status', 'make', 'unlock'];
/** knex tries every TypeScript loader that it knows before it runs the file, and prints a line for each missing one. */
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
// Every command but `make` needs a database.
const embedded = !process.env.DATABASE_URL && command !== 'make';
const args = embedded ? [quiet, join(ROOT, 'local/migrate.ts'), ...knex] : knex;
process.exitCode = await runToEnd(node, args, { keep: (line) => !NOISE.test(line) });
