// `npm start` runs us under a thin parent (scripts/start.mjs) with an IPC channel. A message { stop: 'SIGTERM' } is a
// wish for a graceful stop; a closed channel says that the parent is dead, kill -9 included, and we must end too.

/**
 * The signal that made the parent ask may be on its way to us too (Ctrl-C goes to both). Taken after the wish it would
 * count as a second one, which means "at once"; so the wish waits for it.
 */
const SIGNAL_FIRST_MS = 250;

/** Calls `stop` at most once, when the parent asks or dies. Does nothing when nobody gave us a channel. */
export function watchParent(stop: (reason: string) => void): void {
  if (!process.connected) return;
  let asked = false;
  const once = (reason: string) => {
    if (asked) return;
    asked = true;
    stop(reason);
  };
  process.on('message', (message) => {
    const wish = (message as { stop?: unknown } | null)?.stop;
    if (typeof wish === 'string') setTimeout(once, SIGNAL_FIRST_MS, wish);
  });
  process.once('disconnect', () => once('the parent process ended'));
  // Listening alone must not keep us running when everything else has ended.
  process.channel?.unref();
}
