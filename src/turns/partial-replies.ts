// Gets the text of a running turn from its worker, before the turn is cancelled. The worker may run in this process or in
// another one, and it may not answer: then the turn is cancelled without a partial reply.
import { wakeUp } from '../concurrency/wake-up.ts';
import type { Claim } from '../store/held-claims.ts';

/** A worker that takes longer is not waited for. */
export const PARTIAL_WAIT_MS = 1_000;
/** A request may be lost, or arrive before the worker knows its claim: it is repeated at this interval. */
const ASK_AGAIN_MS = 150;

/** Messages between processes, by turn id. They may be lost. */
export interface PartialMessages {
  /** False: no messages arrive now. */
  readonly listening: boolean;
  announce(turnId: string, note: string): void;
  listen(listener: (turnId: string, note: string) => void): () => void;
  listenTo(turnId: string, listener: (turnId: string, note: string) => void): () => void;
}

export interface PartialRepliesDeps {
  /** From the process that cancels, to the workers. The note is the epoch. */
  readonly requests: PartialMessages;
  /** From the worker of the turn, to all processes that cancel. The note is the epoch and the text. */
  readonly answers: PartialMessages;
}

/** The reply of a claim that runs in this process. */
interface RunningReply {
  readonly epoch: number;
  /** The text so far; null: none, or it must not be shown. */
  readonly hold: () => string | null;
}

const SEPARATOR = '.';

/** Notes contain no spaces and no line ends. A text is never empty. */
const noteOf = (epoch: number, text: string | null): string =>
  `${epoch}${SEPARATOR}${Buffer.from(text ?? '').toString('base64url')}`;

/** The text in a note; undefined: the note belongs to another claim. */
function textOf(note: string, epoch: number): string | null | undefined {
  const [of = '', encoded = ''] = note.split(SEPARATOR);
  if (of !== String(epoch)) return undefined;
  return encoded === '' ? null : Buffer.from(encoded, 'base64url').toString();
}

export class PartialReplies {
  readonly #deps: PartialRepliesDeps;
  readonly #running = new Map<string, RunningReply>();

  constructor(deps: PartialRepliesDeps) {
    this.#deps = deps;
  }

  /** Registers the reply of a claim until the returned function is called. */
  add({ turnId, epoch }: Claim, hold: RunningReply['hold']): () => void {
    const reply = { epoch, hold };
    this.#running.set(turnId, reply);
    return () => {
      // The entry may belong to a later claim of the same turn by now.
      if (this.#running.get(turnId) === reply) this.#running.delete(turnId);
    };
  }

  /** Answers the requests of all processes about claims that run here. */
  answerRequests(): void {
    const { requests, answers } = this.#deps;
    requests.listen((turnId, note) => {
      const reply = this.#running.get(turnId);
      if (reply && String(reply.epoch) === note) answers.announce(turnId, noteOf(reply.epoch, reply.hold()));
    });
  }

  /** The text that the worker of this claim has written. It holds back what follows until the turn is cancelled. Null:
   *  there is none, it must not be shown, or the worker did not answer within `waitMs` milliseconds. */
  async ask({ turnId, epoch }: Claim, waitMs: number): Promise<string | null> {
    const here = this.#running.get(turnId);
    if (here?.epoch === epoch) return here.hold();
    const { requests, answers } = this.#deps;
    if (!answers.listening) return null;
    const { wake, wait } = wakeUp();
    let text: string | null | undefined;
    const unlisten = answers.listenTo(turnId, (_turnId, note) => {
      text ??= textOf(note, epoch);
      if (text !== undefined) wake();
    });
    const deadline = performance.now() + waitMs;
    try {
      for (;;) {
        const leftMs = deadline - performance.now();
        if (text !== undefined || leftMs <= 0) return text ?? null;
        requests.announce(turnId, String(epoch));
        await wait(Math.min(leftMs, ASK_AGAIN_MS));
      }
    } finally {
      unlisten();
    }
  }
}
