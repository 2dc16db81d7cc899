// Which process sent a request to this one. A process is asked for its connections while it is stopped, right before it is
// killed, so that no connection is missed.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { pidsByPort } from '../system/owner.ts';
import { signalTo } from '../system/server.ts';

/** A connection of a process that was killed may reach this process a little later. */
const LATE_MS = 2_000;
/** Time in which a signal stops a process. */
const STOP_MS = 200;

export interface Kill {
  readonly pid: number;
  readonly at: number;
}

/** Who has a connection to this process. Null: a process that was not killed. */
export interface Caller {
  readonly port: number;
  killed: Kill | null;
}

const isStopped = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()!.startsWith('T');
  } catch {
    return true; // it has ended
  }
};

export class Callers {
  readonly #bySocket = new Map<Socket, Caller>();
  /** The connections of killed processes that were not accepted yet, by their ports. */
  readonly #late = new Map<number, Kill>();
  readonly kills: Kill[] = [];

  /** The caller behind a connection. */
  of(socket: Socket): Caller {
    const known = this.#bySocket.get(socket);
    if (known) return known;
    const port = socket.remotePort ?? 0;
    const late = this.#late.get(port);
    this.#late.delete(port);
    const caller = { port, killed: late && Date.now() - late.at < LATE_MS ? late : null };
    this.#bySocket.set(socket, caller);
    socket.once('close', () => this.#bySocket.delete(socket));
    return caller;
  }

  /** Kills a process, and notes which connections were its own. */
  kill(pid: number): void {
    signalTo(pid, 'SIGSTOP');
    for (const until = Date.now() + STOP_MS; !isStopped(pid) && Date.now() < until;);
    const ports = new Set(pidsByPort([pid]).keys());
    const kill = { pid, at: Date.now() };
    this.kills.push(kill);
    for (const caller of this.#bySocket.values()) {
      if (ports.delete(caller.port)) caller.killed = kill;
    }
    for (const port of ports) this.#late.set(port, kill);
    signalTo(pid, 'SIGKILL');
  }
}
