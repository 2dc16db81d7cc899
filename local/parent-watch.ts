// `npm start` runs this process, or a parent of it with an IPC channel (scripts/start.mjs). A message on the channel such as
// { stop: 'SIGTERM' } requests a graceful stop. A closed channel means that the parent has ended, maybe by kill -9; then
// this process stops too. It also stops when npm has been killed.
import { watchNpm } from '../scripts/npm-watch.mjs';

/** Calls `stop` when the parent requests it or ends. */
export function watchParent(stop: () => void): void {
  if (!process.connected) return watchNpm(stop);
  process.on('message', (message) => {
    if (typeof (message as { stop?: unknown } | null)?.stop === 'string') stop();
  });
  process.once('disconnect', stop);
  // The channel alone must not keep this process running.
  process.channel?.unref();
}
