// npm run check: checks types, lint and format of the whole checkout. A failed check does not prevent the next ones.
// `--fix` applies automatic fixes.
import { join } from 'node:path';
import { prepare, ROOT } from './prepare.mjs';
import { runToEnd } from './run-node.mjs';

const QUIET = '--disable-warning=ExperimentalWarning';
const fix = process.argv.includes('--fix');
const unknown = process.argv.slice(2).filter((argument) => argument !== '--fix');
if (unknown.length > 0) {
  console.error(`usage: npm run check [-- --fix]\nunknown: ${unknown.join(' ')}`);
  process.exit(2);
}

const CHECKS = [
  { name: 'generated types', command: 'node', args: [QUIET, 'scripts/api-types.mjs', ...(fix ? [] : ['--check'])] },
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'types of the pages', command: 'tsc', args: ['-p', 'web'] },
  { name: 'lint', command: 'oxlint', args: ['--type-aware', ...(fix ? ['--fix'] : [])] },
  { name: 'format', command: 'prettier', args: [fix ? '--write' : '--check', '--log-level', 'warn', '.'] },
];

await prepare();
const failed = [];
for (const { name, command, args } of CHECKS) {
  const code = await runToEnd(join(ROOT, 'node_modules/.bin', command), args);
  console.log(`${name}: ${code === 0 ? 'ok' : 'FAILED'}`);
  if (code !== 0) failed.push(name);
}
console.log(failed.length === 0 ? 'check passed' : `check failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
