// One user's conversation: what is said, what comes back, and cancelling it.
import { randomUUID } from 'node:crypto';
import type { Turn } from '../../web/src/api/types.ts';
import type { Api } from './api.ts';
import { Refused } from './failure.ts';
import { followTurn, isSettled, isFinal, type TurnEvent } from './follow-turn.ts';

export interface ChatSessionOptions {
  readonly userId: string;
  readonly session: string | undefined;
  readonly busy: string | undefined;
  readonly onCut: () => void;
}

/** A turn at rest, and the last event that was seen of it. */
export interface SettledTurn {
  readonly turn: Turn;
  readonly eventId: string;
}

export class ChatSession {
  readonly userId: string;
  session: string;
  /** As the server knows the rules; undefined: its default. */
  busy: string | undefined;
  readonly #api: Api;
  readonly #onCut: () => void;
  readonly #leave = new AbortController();
  /** ChatMessage and not at rest yet, oldest first; cancelled ones are no longer in it. */
  readonly #cancellable: string[] = [];
  /** Messages on their way: Ctrl-C may come before they have an id. */
  #sending = 0;
  #cancelNext = false;
  /** The message before: accepted in the order of saying, as two requests at once may overtake each other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(api: Api, { userId, session, busy, onCut }: ChatSessionOptions) {
    this.#api = api;
    this.userId = userId;
    this.session = session ?? randomUUID();
    this.busy = busy;
    this.#onCut = onCut;
  }

  /** Says it after what was said before; resolves once it is accepted. @throws Unreachable, Refused */
  say(text: string): Promise<Turn> {
    // As they are now: both may change while it waits.
    const body = { user_id: this.userId, text, metadata: { session_id: this.session }, on_busy: this.busy };
    const accepted = this.#last.then(() => this.#send(body));
    this.#last = accepted.catch(() => {});
    return accepted;
  }

  async #send(body: object): Promise<Turn> {
    this.#sending += 1;
    try {
      const { body: turn } = await this.#api.json<Turn>('/chat', {
        method: 'POST',
        headers: { 'idempotency-key': randomUUID() },
        body,
      });
      // Merged into one that waits, it is that turn.
      if (!this.#cancellable.includes(turn.turn_id)) this.#cancellable.push(turn.turn_id);
      if (this.#cancelNext) await this.cancel();
      return turn;
    } finally {
      this.#sending -= 1;
      this.#cancelNext = false;
    }
  }

  /** Follows it until it rests. */
  async untilSettled(turnId: string, show: (event: TurnEvent) => void): Promise<SettledTurn> {
    try {
      return await this.#follow(turnId, undefined, isSettled, show);
    } finally {
      const at = this.#cancellable.indexOf(turnId);
      if (at >= 0) this.#cancellable.splice(at, 1);
    }
  }

  /** Follows one that rests with a person until that has ended too. */
  async untilFinal({ turn, eventId }: SettledTurn): Promise<Turn> {
    return (await this.#follow(turn.turn_id, eventId, isFinal, () => {})).turn;
  }

  async #follow(
    turnId: string,
    after: string | undefined,
    enough: (turn: Turn) => boolean,
    show: (event: TurnEvent) => void,
  ): Promise<SettledTurn> {
    const options = { after, signal: this.#leave.signal, onCut: this.#onCut };
    for await (const event of followTurn(this.#api, turnId, options)) {
      show(event);
      if (event.event === 'turn' && enough(event.turn)) return { turn: event.turn, eventId: event.id };
    }
    // All of it was seen before: only a stream that was resumed from its end is empty.
    const { body: turn } = await this.#api.json<Turn>(`/turns/${turnId}`);
    return { turn, eventId: after ?? '' };
  }

  /** Cancels the turn that runs. False: there is none, or it is being cancelled already. */
  async cancel(): Promise<boolean> {
    const turnId = this.#cancellable.shift();
    if (turnId === undefined) {
      if (this.#sending === 0 || this.#cancelNext) return false;
      this.#cancelNext = true;
      return true;
    }
    try {
      await this.#api.json(`/turns/${turnId}/cancel`, { method: 'POST' });
    } catch (error) {
      // It ended at this very moment, which is as good.
      if (!(error instanceof Refused) || error.problem.code !== 'turn_finished') throw error;
    }
    return true;
  }

  /** Stops following; nothing is cancelled by it. */
  leave(): void {
    this.#leave.abort();
  }
}
