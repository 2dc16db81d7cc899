// npm test: prepares the checkout, then runs the suite on the pinned Node. Arguments go to ava (test/run.ts).
import { prepare } from './prepare.mjs';
import { runToEnd } from './run-node.mjs';

const node = await prepare({ web: true });
process.exitCode = await runToEnd(node, [
  '--disable-warning=ExperimentalWarning',
  'test/run.ts',
  ...process.argv.slice(2),
]);
