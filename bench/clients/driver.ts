// The clients of the benchmark, in their own process. It receives one Load at a time and sends the result of each. It
// ends when its parent ends.
import { closedLoop } from './closed-loop.ts';
import type { Load } from './load.ts';
import { openLoop } from './open-loop.ts';

process.on('message', (load: Load) => {
  const result = load.kind === 'closed' ? closedLoop(load) : openLoop(load);
  void result.then((each) => process.send!(each));
});
process.once('disconnect', () => process.exit());
process.send!({ ready: 'driver' });
