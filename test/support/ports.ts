// The two ends of a channel between processes, in one process. Messages are copied as JSON, as between processes.
import type { Port } from '../../src/processes/requests.ts';

export interface Channel {
  readonly parent: Port;
  readonly child: Port;
  /** Closes the channel, as the end of a process does. */
  readonly close: () => void;
}

export function channel(): Channel {
  let open = true;
  const closing: (() => void)[] = [];
  const end = (mine: ((message: unknown) => void)[], other: ((message: unknown) => void)[]): Port => ({
    send(message, failed) {
      const text = JSON.stringify(message);
      setImmediate(() => {
        if (!open) failed(new Error('Channel closed'));
        else for (const listener of other) listener(JSON.parse(text));
      });
    },
    onMessage: (listener) => void mine.push(listener),
    onClose: (listener) => void closing.push(listener),
  });
  const [ofParent, ofChild]: ((message: unknown) => void)[][] = [[], []] as const;
  return {
    parent: end(ofParent, ofChild),
    child: end(ofChild, ofParent),
    close() {
      if (!open) return;
      open = false;
      for (const listener of closing) listener();
    },
  };
}
