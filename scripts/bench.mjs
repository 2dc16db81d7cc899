// npm run bench: prepares the checkout, then runs the benchmark on the pinned Node. Passes its arguments to
// bench/run.ts.
import { prepare } from './prepare.mjs';
import { runToEnd } from './run-node.mjs';

const node = await prepare();
process.exitCode = await runToEnd(node, [
  '--disable-warning=ExperimentalWarning',
  'bench/run.ts',
  ...process.argv.slice(2),
]);
