// Requests between a parent process and its children, over the channel that Node opens between them. Both sides may ask.
import { within } from '../concurrency/within.ts';

/** One end of the channel. Messages are JSON. */
export interface Port {
  /** `failed` is called if the message could not be sent. */
  send(message: object, failed: (error: Error) => void): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Calls the listener once, when the other process has ended. */
  onClose(listener: () => void): void;
}

/** The other process has ended. The request may have had an effect. */
export class ChannelClosed extends Error {
  override readonly name = 'ChannelClosed';
}

export type Handler = (body: unknown) => Promise<unknown>;

interface Request {
  readonly ask: number;
  readonly kind: string;
  readonly body: unknown;
}

/** `error` is set if the handler rejected. */
interface Response {
  readonly answer: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const has = (message: unknown, key: 'ask' | 'answer'): boolean =>
  typeof (message as Record<string, unknown> | null)?.[key] === 'number';

export class Requests {
  readonly #port: Port;
  readonly #handlers = new Map<string, Handler>();
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #closed = false;

  constructor(port: Port) {
    this.#port = port;
    port.onMessage((message) => {
      if (has(message, 'ask')) void this.#answer(message as Request);
      else if (has(message, 'answer')) this.#answered(message as Response);
    });
    port.onClose(() => {
      this.#closed = true;
      for (const each of this.#waiting.values()) each.reject(new ChannelClosed('the other process has ended'));
      this.#waiting.clear();
    });
  }

  /** Answers requests of this kind from now on. */
  serve(kind: string, handler: Handler): void {
    this.#handlers.set(kind, handler);
  }

  /** Asks the other process. Rejects with TimedOut after `timeoutMs`, with ChannelClosed if the other process ends, and
   *  with an Error if its handler rejects. */
  async ask(kind: string, body: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#closed) throw new ChannelClosed('the other process has ended');
    this.#last += 1;
    const id = this.#last;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.send({ ask: id, kind, body } satisfies Request, (error) => reject(new ChannelClosed(error.message)));
    });
    try {
      return await within(timeoutMs, answer);
    } finally {
      this.#waiting.delete(id);
    }
  }

  async #answer({ ask: id, kind, body }: Request): Promise<void> {
    const handler = this.#handlers.get(kind);
    const response: Response = await (handler?.(body) ?? Promise.reject(new Error(`no handler for ${kind}`))).then(
      (value) => ({ answer: id, value }),
      (error: Error) => ({ answer: id, error: error.message }),
    );
    // If the other process has ended, nobody waits for the response.
    this.#port.send(response, () => {});
  }

  /** A response that arrives after its timeout has nobody who waits for it. */
  #answered({ answer, value, error }: Response): void {
    const waiting = this.#waiting.get(answer);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }
}
