// Hints between processes: something changed, so read the rows again. A hint may be lost, for example while Redis is
// unavailable. The rows are the source of truth, and every listener also polls them. Requests for partial replies and
// their answers are sent in the same way; who cancels a turn can do without an answer.
import { Listeners } from '../concurrency/listeners.ts';
import type { RedisConnection } from './connection.ts';

type Listener = (id: string, note: string) => void;

/** Too short for a reader to notice. */
const GATHER_MS = 4;
/** Between the hints of a message, and between the id and the note of a hint. */
const HINTS = '\n';
const NOTE = ' ';

/** Hints of one kind. A process receives only the kinds that it subscribes to. */
export class HintChannel {
  readonly #name: string;
  readonly #publisher: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #all = new Set<Listener>();
  readonly #byId = new Listeners<Parameters<Listener>>();
  readonly #onListening = new Set<() => void>();
  #subscribed = false;
  #listening = false;
  /** Hints that were announced within GATHER_MS. They share a message. */
  #announced = new Set<string>();

  constructor(name: string, publisher: RedisConnection, subscriber: RedisConnection) {
    this.#name = name;
    this.#publisher = publisher;
    this.#subscriber = subscriber;
  }

  /** Starts to listen, and again after every reconnect. */
  subscribe(): void {
    this.#subscribed = true;
    this.#subscriber.on('message', (channel: string, message: string) => {
      if (channel !== this.#name) return;
      for (const hint of message.split(HINTS)) this.#receive(hint);
    });
    this.#subscriber.on('close', () => {
      this.#listening = false;
    });
    this.#subscriber.on('ready', () => void this.#listen());
    void this.#listen();
  }

  /** Hints arrive when Redis has confirmed the subscription; earlier ones are lost. */
  async #listen(): Promise<void> {
    try {
      await this.#subscriber.subscribe(this.#name);
    } catch {
      return; // The connection is closed for good, or was lost again and will be ready again.
    }
    this.#listening = true;
    for (const listener of this.#onListening) listener();
  }

  #receive(hint: string): void {
    const [id = '', note = ''] = hint.split(NOTE);
    for (const listener of this.#all) listener(id, note);
    this.#byId.call(id, id, note);
  }

  /** True while hints arrive. Otherwise a listener has to poll. */
  get listening(): boolean {
    return this.#listening;
  }

  /** Whether this process wants hints of this kind. */
  get subscribed(): boolean {
    return this.#subscribed;
  }

  /** Sends a hint. It is lost while Redis is unavailable. */
  announce(id = '', note = ''): void {
    if (this.#announced.size === 0) setTimeout(() => this.#send(), GATHER_MS);
    this.#announced.add(note === '' ? id : id + NOTE + note);
  }

  #send(): void {
    const message = [...this.#announced].join(HINTS);
    this.#announced = new Set();
    this.#publisher.publish(this.#name, message).catch(() => {});
  }

  /** Calls `listener` when hints begin to arrive, at first and after every reconnect: earlier ones are lost. */
  onListening(listener: () => void): void {
    this.#onListening.add(listener);
  }

  /** Calls `listener` with the id and the note of every hint until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  /** Calls `listener` at every hint with this id until the returned function is called. */
  listenTo(id: string, listener: Listener): () => void {
    return this.#byId.add(id, listener);
  }
}

export interface Hints {
  /** By turn id: the turn changed. For clients that wait for it. */
  readonly turns: HintChannel;
  /** A review was requested, claimed, released or ended. For readers of the reviews. */
  readonly reviews: HintChannel;
  /** By user id: the worker that holds the user should run its turns. */
  readonly heldUsers: HintChannel;
  /** By turn id: the turn was cancelled. For its worker, which otherwise notices at its next renewal or commit. */
  readonly cancellations: HintChannel;
  /** By turn id, with the epoch: the turn is about to be cancelled. Its worker answers with the text that it has written. */
  readonly partialRequests: HintChannel;
  /** By turn id: the answers. */
  readonly partialAnswers: HintChannel;
}

/** `subscriber` may receive other channels too. */
export const hintsOver = (publisher: RedisConnection, subscriber: RedisConnection): Hints => ({
  turns: new HintChannel('turnkeeper:turn-changes', publisher, subscriber),
  reviews: new HintChannel('turnkeeper:review-changes', publisher, subscriber),
  heldUsers: new HintChannel('turnkeeper:held-users', publisher, subscriber),
  cancellations: new HintChannel('turnkeeper:cancellations', publisher, subscriber),
  partialRequests: new HintChannel('turnkeeper:partial-requests', publisher, subscriber),
  partialAnswers: new HintChannel('turnkeeper:partial-answers', publisher, subscriber),
});
