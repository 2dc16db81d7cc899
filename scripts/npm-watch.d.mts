// Types of the exports of npm-watch.mjs, which is plain JavaScript because it also runs on Node 20.
/** Calls `onEnd` once when the npm that runs this process has ended. */
export function watchNpm(onEnd: () => void): void;
