// Tells when the npm that runs us is gone. A killed npm tells nobody, and its shell stays: npm → sh -c → us.
import { readFileSync } from 'node:fs';

const CHECK_MS = 1_000;

/**
 * Calls `gone` once when npm has ended. Does nothing when npm did not start us: what `nohup` and service managers start
 * rightly survives who started it. Never keeps the process running.
 */
export function watchNpm(gone) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  // Some shells replace themselves by the command; then npm is our parent.
  const isShell = /^\S*sh -c /.test(commandOf(parent));
  const npm = isShell ? parentOf(parent) : null;
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === null || parentOf(parent) === npm)) return;
    clearInterval(timer);
    gone();
  }, CHECK_MS);
  timer.unref();
}

// Where there is no /proc (macOS), sh replaces itself, and our own parent is all there is to see.
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
