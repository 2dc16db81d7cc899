// Runs the terminal program as a process, with pipes or on a terminal.
import { spawn, spawnSync } from 'node:child_process';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Owner } from '../support/owner.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAM = join(ROOT, 'src/cli/main.ts');
const TIMEOUT_MS = 60_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  /** The output so far of stdout and stderr together. */
  readonly written: () => string;
  /** Resolves when the output contains `text` after the text that an earlier call has found. */
  sees(text: string): Promise<void>;
  type(text: string): void;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

interface Options {
  readonly env?: Readonly<Record<string, string>>;
  /** Runs on a terminal (script of util-linux). */
  readonly terminal?: boolean;
  readonly input?: string;
  /** Runs the launcher of `npx turnkeeper`. */
  readonly launcher?: boolean;
}

export const hasTerminals = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** Starts the program; it is killed when the test ends. */
export function start(t: Owner, args: readonly string[], options: Options = {}): Running {
  const { env = {}, terminal = false, input, launcher = false } = options;
  const words = [process.execPath, ...(launcher ? [join(ROOT, 'scripts/turnkeeper.mjs')] : [PROGRAM]), ...args];
  const [command, ...rest] = terminal ? ['script', '-qec', words.map(quoted).join(' '), '/dev/null'] : words;
  const child = spawn(command!, rest, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    stdio: 'pipe',
  });
  t.teardown(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  let all = '';
  let position = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    all += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    all += text;
  });
  child.stdin.on('error', () => {}); // The process has exited; `ended` reports it.
  if (input !== undefined) child.stdin.end(input);
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
  return {
    written: () => all,
    async sees(text) {
      for (const deadline = Date.now() + TIMEOUT_MS; ;) {
        const at = all.indexOf(text, position);
        if (at >= 0) return void (position = at + text.length);
        if (Date.now() > deadline) throw new Error(`no ${JSON.stringify(text)} in the output:\n${all}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    type: (text) => void child.stdin.write(text),
    signal: (name) => void child.kill(name),
    ended,
  };
}

/** Runs the program until it exits. */
export const run = (t: Owner, args: readonly string[], options: Options = {}): Promise<Ended> =>
  start(t, args, { input: '', ...options }).ended;

/** Parses each line as JSON. */
export const jsonLines = <T = Record<string, unknown>>(text: string): T[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

/** A TCP proxy to the server. `cut` closes its connections; later ones work again. `stop` closes it. */
export async function startCuttable(t: Owner, target: string): Promise<{ url: string; cut(): number; stop(): void }> {
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(target);
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from
        .on('error', () => {})
        .once('close', () => {
          sockets.delete(from);
          to.destroy();
        });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const cut = () => {
    const count = sockets.size;
    for (const socket of sockets) socket.destroy();
    return count;
  };
  const stop = () => {
    server.close();
    cut();
  };
  t.teardown(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cut, stop };
}

/** An HTTP server for responses that the real server gives under failure only. */
export async function startAnswering(
  t: Owner,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createHttpServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
