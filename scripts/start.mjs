// npm start: prepares the checkout, then runs turnkeeper on the pinned Node. This process stays as its parent.
//
// The child has an IPC channel to this process. The message { stop: 'SIGTERM' } requests a graceful stop. A closed
// channel means that this process has ended, in whatever way, and the child stops too. Signals are forwarded as
// messages and not by kill(), because a terminal's Ctrl-C and a service manager's stop reach the child as well. A
// second signal would end the child at once; a repeated message does not.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { constants } from 'node:os';
import { watchNpm } from './npm-watch.mjs';
import { prepare, ROOT } from './prepare.mjs';

const node = await prepare({ web: true });
const child = spawn(
  node,
  ['--disable-warning=ExperimentalWarning', join(ROOT, 'src/main.ts'), '--migrate', ...process.argv.slice(2)],
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
);
const stop = (signal) => child.connected && child.send({ stop: signal }, () => {});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);

watchNpm(() => stop('SIGHUP'));

child.once('error', (error) => {
  console.error(`Cannot run ${node}: ${error.message}`);
  process.exit(1);
});
child.once('exit', (code, signal) => {
  process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
});
