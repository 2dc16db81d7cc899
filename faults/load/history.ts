// What the clients did and what they were answered: the history that is checked against the rows. Times are in
// milliseconds since 1970.
import { createWriteStream, type WriteStream } from 'node:fs';

/** A turn as its client saw it. */
export interface Sent {
  readonly index: number;
  readonly user: string;
  readonly text: string;
  readonly key: string;
  readonly sentAt: number;
  /** The turn ids of all acknowledgements of the key. */
  readonly acks: Set<string>;
  /** The first acknowledgement; null: none. */
  ackedAt: number | null;
  seq: number | null;
  /** When the client saw a settled turn. */
  doneAt: number | null;
  status: string | null;
  reply: string | null;
  /** The client asked to cancel it, and this was the answer. */
  cancel: number | null;
  /** The client had no answer, or saw no end, long after the last fault. */
  wasAbandoned: boolean;
}

export interface Decided {
  readonly reviewId: string;
  readonly turnId: string;
  readonly decision: string;
  readonly reply: string | null;
  readonly at: number;
  /** HTTP status of the answer. */
  readonly status: number;
}

/** An answer that is no success, or a broken connection, by time. */
export interface Refusal {
  readonly at: number;
  readonly what: string;
}

export class History {
  readonly turns: Sent[] = [];
  readonly decisions: Decided[] = [];
  readonly refusals: Refusal[] = [];
  /** Answers that no fault explains: a 4xx for a valid request, a wrong reply. */
  readonly wrong: string[] = [];
  readonly #file: WriteStream;
  readonly #open = new Set<Sent>();

  constructor(file: string) {
    this.#file = createWriteStream(file, { mode: 0o600 });
  }

  begin(user: string, text: string, key: string): Sent {
    const sent: Sent = {
      index: this.turns.length,
      user,
      text,
      key,
      sentAt: Date.now(),
      acks: new Set(),
      ackedAt: null,
      seq: null,
      doneAt: null,
      status: null,
      reply: null,
      cancel: null,
      wasAbandoned: false,
    };
    this.turns.push(sent);
    this.#open.add(sent);
    this.#write({ op: 'send', index: sent.index, user, text, key });
    return sent;
  }

  acked(sent: Sent, turnId: string, seq: number): void {
    sent.acks.add(turnId);
    sent.ackedAt ??= Date.now();
    sent.seq ??= seq;
    this.#write({ op: 'ack', index: sent.index, turnId, seq });
  }

  done(sent: Sent, status: string, reply: string | null): void {
    [sent.doneAt, sent.status, sent.reply] = [Date.now(), status, reply];
    this.#open.delete(sent);
    this.#write({ op: 'done', index: sent.index, status, reply });
  }

  /** The client has given up, because the campaign ends. */
  abandoned(sent: Sent): void {
    sent.wasAbandoned = true;
    this.#open.delete(sent);
    this.#write({ op: 'abandoned', index: sent.index });
  }

  cancelled(sent: Sent, status: number): void {
    sent.cancel = status;
    this.#write({ op: 'cancel', index: sent.index, status });
  }

  decided(decision: Decided): void {
    this.decisions.push(decision);
    this.#write({ op: 'decide', ...decision });
  }

  refused(what: string): void {
    this.refusals.push({ at: Date.now(), what });
    this.#write({ op: 'refused', what });
  }

  noteWrong(what: string): void {
    this.wrong.push(what);
    this.#write({ op: 'wrong', what });
  }

  /** Turns that were sent and whose end their clients have not seen. */
  get inFlight(): readonly Sent[] {
    return [...this.#open];
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#file.end(() => resolve()));
  }

  #write(operation: object): void {
    this.#file.write(`${JSON.stringify({ at: Date.now(), ...operation })}\n`);
  }
}
