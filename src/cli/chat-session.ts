// A user's chat session: sends messages, follows and cancels turns.
import { randomUUID } from 'node:crypto';
import type { Turn } from '../../web/src/api/types.ts';
import type { Api } from './api.ts';
import { checkAssistant, readAssistants, type Assistant } from './assistants.ts';
import { ApiError } from './failure.ts';
import { followTurn, isSettled, isFinal, type ReceivedEvent } from './follow-turn.ts';

export interface ChatSessionOptions {
  readonly userId: string;
  readonly session: string | undefined;
  readonly assistant: string | undefined;
  readonly busy: string | undefined;
  readonly onDisconnect: () => void;
}

/** A settled turn, and the id of its last received event. */
export interface SettledTurn {
  readonly turn: Turn;
  readonly eventId: string;
}

export class ChatSession {
  readonly userId: string;
  session: string;
  /** A busy rule of the API; undefined: the default of the server. */
  busy: string | undefined;
  /** Undefined: the default assistant. */
  #assistant: string | undefined;
  readonly #api: Api;
  readonly #onDisconnect: () => void;
  readonly #stopped = new AbortController();
  /** Accepted turns that are not settled and not cancelled, oldest first. */
  readonly #cancellable: string[] = [];
  /** Requests in progress: Ctrl-C may come before the turn id is known. */
  #sending = 0;
  #cancelNext = false;
  /** The previous request. The next one waits for it, because concurrent requests may be accepted out of order. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(api: Api, { userId, session, assistant, busy, onDisconnect }: ChatSessionOptions) {
    this.#api = api;
    this.userId = userId;
    this.session = session ?? randomUUID();
    this.busy = busy;
    this.#assistant = assistant;
    this.#onDisconnect = onDisconnect;
  }

  /** Sends a message after the earlier ones. Returns the accepted turn. @throws Unreachable, ApiError */
  send(text: string): Promise<Turn> {
    // Read now: the session and the rule may change before the request is sent.
    const body = { user_id: this.userId, text, metadata: { session_id: this.session }, on_busy: this.busy };
    const accepted = this.#last.then(() => this.#post({ ...body, assistant: this.#assistant }));
    this.#last = accepted.catch(() => {});
    return accepted;
  }

  /** Sets the assistant of later messages. @throws Failure if there is none of this name; Unreachable, ApiError */
  choose(name: string): Promise<void> {
    const chosen = this.#last.then(async () => {
      await checkAssistant(this.#api, name);
      this.#assistant = name;
    });
    this.#last = chosen.catch(() => {});
    return chosen;
  }

  /** The assistants, and whether each answers the next message. @throws Unreachable, ApiError */
  async assistants(): Promise<(Assistant & { readonly isChosen: boolean })[]> {
    await this.#last;
    const assistants = await readAssistants(this.#api);
    const chosen = assistants.find(({ name }) => name === this.#assistant) ?? assistants.find((each) => each.isDefault);
    return assistants.map((each) => ({ ...each, isChosen: each === chosen }));
  }

  async #post(body: object): Promise<Turn> {
    this.#sending += 1;
    try {
      const { body: turn } = await this.#api.json<Turn>('/chat', {
        method: 'POST',
        headers: { 'idempotency-key': randomUUID() },
        body,
      });
      // A message that is merged into a queued turn returns that turn.
      if (!this.#cancellable.includes(turn.turn_id)) this.#cancellable.push(turn.turn_id);
      if (this.#cancelNext) await this.cancel();
      return turn;
    } finally {
      this.#sending -= 1;
      this.#cancelNext = false;
    }
  }

  /** Follows a turn until it is settled. */
  async untilSettled(turnId: string, show: (event: ReceivedEvent) => void): Promise<SettledTurn> {
    try {
      return await this.#follow(turnId, undefined, isSettled, show);
    } finally {
      const at = this.#cancellable.indexOf(turnId);
      if (at >= 0) this.#cancellable.splice(at, 1);
    }
  }

  /** Follows a turn that awaits review until it is final or awaits another review. */
  untilDecided({ turn, eventId }: SettledTurn): Promise<SettledTurn> {
    const isOther = ({ review }: Turn) => review?.review_id !== turn.review?.review_id;
    const isDone = (next: Turn) => isFinal(next) || (next.status === 'awaiting_review' && isOther(next));
    return this.#follow(turn.turn_id, eventId, isDone, () => {});
  }

  async #follow(
    turnId: string,
    after: string | undefined,
    isDone: (turn: Turn) => boolean,
    show: (event: ReceivedEvent) => void,
  ): Promise<SettledTurn> {
    const options = { after, signal: this.#stopped.signal, onDisconnect: this.#onDisconnect };
    for await (const event of followTurn(this.#api, turnId, options)) {
      show(event);
      if (event.event === 'turn' && isDone(event.turn)) return { turn: event.turn, eventId: event.id };
    }
    // The stream had no more events: it was resumed after its last one.
    const { body: turn } = await this.#api.json<Turn>(`/turns/${turnId}`);
    return { turn, eventId: after ?? '' };
  }

  /** Cancels the oldest turn that is not settled. False: none exists, or it is being cancelled already. */
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
      // The turn became final in the meantime.
      if (!(error instanceof ApiError) || error.problem.code !== 'turn_finished') throw error;
    }
    return true;
  }

  /** Stops following. Turns are not cancelled. */
  stop(): void {
    this.#stopped.abort();
  }
}
