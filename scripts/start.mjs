// npm start: prepares the checkout, then runs turnkeeper on the pinned Node.
//
// This process becomes turnkeeper, which saves the memory of a second process, where Node can do that: from version 22.15,
// and not on Windows. In a prepared checkout npm runs this script on the pinned Node, so an older Node is only used for the
// first start. Then this process stays as the parent. Its child has an IPC channel to it: the message
// { stop: 'SIGTERM' } requests a graceful stop, and a closed channel means that this process has ended, in whatever way.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { constants } from 'node:os';
import { watchNpm } from './npm-watch.mjs';
import { prepare, ROOT } from './prepare.mjs';

const node = await prepare({ web: true });
const args = [
  '--disable-warning=ExperimentalWarning',
  join(ROOT, 'src/main.ts'),
  '--migrate',
  ...process.argv.slice(2),
];

if (process.execve) process.execve(realpathSync(node), [node, ...args]);

const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
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
