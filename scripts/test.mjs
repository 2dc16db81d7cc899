// npm test: prepares the checkout, then runs test/run.ts on the pinned Node, which passes its arguments to ava.
import { prepare } from './prepare.mjs';
import { runToEnd } from './run-node.mjs';

const node = await prepare({ web: true });
process.exitCode = await runToEnd(node, [
  '--disable-warning=ExperimentalWarning',
  'test/run.ts',
  ...process.argv.slice(2),
]);
