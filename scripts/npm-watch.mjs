// Detects that the npm which runs this process has ended. A killed npm notifies nobody, and its shell keeps running:
// npm → sh -c → this process.
import { readFileSync } from 'node:fs';

const CHECK_MS = 1_000;

/**
 * Calls `onEnd` once when npm has ended. Does nothing if npm did not start this process: processes that `nohup` or a
 * service manager starts may outlive their parent. Does not keep the process running.
 */
export function watchNpm(onEnd) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  // Some shells replace themselves with the command; then npm is the parent.
  const isShell = /^\S*sh -c /.test(commandOf(parent));
  const npm = isShell ? parentOf(parent) : null;
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === null || parentOf(parent) === npm)) return;
    clearInterval(timer);
    onEnd();
  }, CHECK_MS);
  timer.unref();
}

// Systems without /proc (macOS) have a sh that replaces itself, so watching the parent is enough there.
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
  } catch {
    return '';
  }
}

function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}
