// `npm start` runs this process under a small parent (scripts/start.mjs) with an IPC channel. A message such as
// { stop: 'SIGTERM' } requests a graceful stop. A closed channel means that the parent has ended, maybe by kill -9; then
// this process stops too.

/**
 * A signal such as Ctrl-C reaches both the parent and this process. If it arrives after the parent's request has
 * started the stop, it counts as a second signal, which ends the process at once. So the request is handled after this
 * delay.
 */
const REQUEST_DELAY_MS = 250;

/** Calls `stop` at most once, when the parent requests it or ends. Does nothing in a process without an IPC channel. */
export function watchParent(stop: (reason: string) => void): void {
  if (!process.connected) return;
  let called = false;
  const once = (reason: string) => {
    if (called) return;
    called = true;
    stop(reason);
  };
  process.on('message', (message) => {
    const request = (message as { stop?: unknown } | null)?.stop;
    if (typeof request === 'string') setTimeout(once, REQUEST_DELAY_MS, request);
  });
  process.once('disconnect', () => once('the parent process ended'));
  // The channel alone must not keep this process running.
  process.channel?.unref();
}
