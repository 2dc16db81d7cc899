// Runs a program for an npm script, with the same input, output, signals and exit code.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { watchNpm } from './npm-watch.mjs';
import { ROOT, withPinnedNode } from './prepare.mjs';

/**
 * Runs `command` in `cwd` (default: the checkout) with the pinned Node first on the PATH. Returns its exit code. SIGINT
 * is ignored, because a terminal's Ctrl-C also reaches the child; SIGTERM and SIGHUP are forwarded. `env` is added to
 * the environment. Output lines for which `keep(line)` returns false are dropped.
 */
export function runToEnd(command, args, { env = {}, cwd = ROOT, keep } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...withPinnedNode(), ...env },
      stdio: ['inherit', keep ? 'pipe' : 'inherit', keep ? 'pipe' : 'inherit'],
    });
    const forward = (signal) => child.kill(signal);
    const ignore = () => {};
    process.on('SIGINT', ignore);
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, forward);
    watchNpm(() => child.kill('SIGTERM'));
    if (keep) {
      passLines(child.stdout, process.stdout, keep);
      passLines(child.stderr, process.stderr, keep);
    }
    child.once('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.once('close', (code, signal) => {
      process.off('SIGINT', ignore);
      for (const name of ['SIGTERM', 'SIGHUP']) process.off(name, forward);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

function passLines(stream, to, keep) {
  let rest = '';
  const write = (line) => keep(line.trimEnd()) && to.write(line);
  stream.setEncoding('utf8');
  stream.on('data', (chunk) => {
    const lines = (rest + chunk).split(/(?<=\n)/);
    rest = lines.at(-1).endsWith('\n') ? '' : lines.pop();
    for (const line of lines) write(line);
  });
  stream.once('end', () => rest && write(rest));
}
