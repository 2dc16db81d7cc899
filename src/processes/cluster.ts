// The processes of one machine that share a port: Node's cluster. The children accept connections from one listening
// socket, which their parent opened (docs/decisions/0030-processes.md).
import cluster from 'node:cluster';
import type { Port } from './requests.ts';

/** A child as its parent sees it. */
export interface ChildProcess {
  readonly pid: number;
  readonly port: Port;
  /** Resolves with the reason, such as `signal SIGKILL`, when the process has ended. */
  readonly exited: Promise<string>;
  kill(): void;
}

/** Whether this process is a child that `forkChild` started. */
export const isChild = (): boolean => cluster.isWorker;

interface Channel {
  send(message: object, callback: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
}

const portOf = (channel: Channel): Port => ({
  send: (message, failed) => void channel.send(message, (error) => error && failed(error)),
  onMessage: (listener) => void channel.on('message', listener),
  onClose: (listener) => void channel.once('disconnect', listener),
});

/** Starts this program again as a child of this process, with the same arguments and environment. */
export function forkChild(): ChildProcess {
  // Otherwise the parent accepts connections and hands them over. A connection that is being handed to a child that was
  // killed then stays open, and nobody answers it.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const worker = cluster.fork();
  return {
    pid: worker.process.pid!,
    port: portOf(worker),
    exited: new Promise((resolve) => {
      worker.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
      worker.once('error', (error) => {
        // Without a pid it was not started. Otherwise a message to it failed: it may still run.
        if (worker.process.pid === undefined) resolve(error.message);
        else worker.process.kill('SIGKILL');
      });
    }),
    kill: () => void worker.process.kill('SIGKILL'),
  };
}

/** The channel to the parent. Only a child has one. If the parent ends, Node's cluster ends the child at once. */
export const parentPort = (): Port => portOf(process as Channel);
