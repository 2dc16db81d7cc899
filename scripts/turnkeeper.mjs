#!/usr/bin/env node
// npx turnkeeper: runs the terminal program on the pinned Node, in the current folder.
import { join } from 'node:path';
import { prepare, ROOT } from './prepare.mjs';
import { runToEnd } from './run-node.mjs';

const node = await prepare();
const program = join(ROOT, 'src/cli/main.ts');
process.exitCode = await runToEnd(node, ['--disable-warning=ExperimentalWarning', program, ...process.argv.slice(2)], {
  cwd: process.cwd(),
});
