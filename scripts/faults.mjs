// npm run faults: prepares the checkout, then runs the fault campaign on the pinned Node. Passes its arguments to
// faults/run.ts.
import { prepare } from './prepare.mjs';
import { runToEnd } from './run-node.mjs';

const node = await prepare();
process.exitCode = await runToEnd(node, [
  '--disable-warning=ExperimentalWarning',
  'faults/run.ts',
  ...process.argv.slice(2),
]);
