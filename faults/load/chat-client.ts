// One client: sends turns with idempotency keys, repeats what was not answered under the same key, and follows each turn
// to its end by polling, waiting or its event stream.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { History, Sent } from './history.ts';
import { request, type Answer, type RequestOptions } from './request.ts';
import { isReviewed, textOf } from './texts.ts';

const [PAUSE_MS, LONGEST_PAUSE_MS] = [100, 1_000];
const POST_MS = 8_000;
const WAIT_S = 10;
const STREAM_MS = 30_000;
const CANCEL_WITHIN_MS = 400;
const COPIES = 4;
const SETTLED = ['completed', 'awaiting_review', 'failed', 'cancelled', 'rejected', 'expired'];

export interface ClientOptions {
  readonly urls: readonly string[];
  readonly history: History;
  /** The user of the next turn, with the session of the user. */
  readonly nextUser: () => { readonly user: string; readonly session: string };
  readonly draw: () => number;
  /** False: no new turn begins. */
  readonly isRunning: () => boolean;
  /** Clients give up when this aborts. */
  readonly end: AbortSignal;
}

interface Turn {
  readonly turn_id: string;
  readonly seq: number;
  readonly status: string;
  readonly text: string;
  readonly reply: string | null;
}

export class ChatClient {
  readonly #options: ClientOptions;
  #attempt: number;

  constructor(options: ClientOptions, number: number) {
    this.#options = options;
    this.#attempt = number;
  }

  async run(): Promise<void> {
    const { isRunning, end } = this.#options;
    while (isRunning() && !end.aborted) await this.#oneTurn();
  }

  async #oneTurn(): Promise<void> {
    const { history, nextUser, draw } = this.#options;
    const { user, session } = nextUser();
    const sent = history.begin(user, textOf(history.turns.length, user, draw), randomUUID());
    const body = { user_id: user, text: sent.text, metadata: { session_id: session } };
    const [how, again, cancelAfter] = [draw(), draw(), draw()];
    const headers = { 'idempotency-key': sent.key, ...(how < 0.2 && { prefer: `wait=${WAIT_S}` }) };
    const post = { body, headers, timeoutMs: POST_MS + (how < 0.2 ? WAIT_S * 1000 : 0) };
    // Some requests are sent several times at once, as by a client that is too impatient, or by a proxy.
    const copies = Array.from({ length: again < 0.02 ? COPIES : 1 }, () => this.#post(sent, post));
    const [accepted] = await Promise.all(copies);
    if (!accepted) return history.abandoned(sent);
    // A client that lost the answer repeats a request that was accepted.
    if (again > 0.97 && !(await this.#post(sent, post))) return history.abandoned(sent);
    if (how > 0.95) await this.#cancel(sent, accepted.turn_id, cancelAfter * CANCEL_WITHIN_MS);
    const settled = SETTLED.includes(accepted.status) ? accepted : await this.#follow(sent, accepted.turn_id, how);
    if (!settled) return history.abandoned(sent);
    if (settled.text !== sent.text) history.noteWrong(`${settled.turn_id}: ${settled.text} instead of ${sent.text}`);
    history.done(sent, settled.status, settled.reply);
  }

  async #post(sent: Sent, options: RequestOptions): Promise<Turn | null> {
    const answer = await this.#untilAnswered('POST', () => '/chat', options);
    if (!answer) return null;
    if (answer.status !== 200 && answer.status !== 202) {
      this.#options.history.noteWrong(`POST /chat: ${answer.status} ${answer.text.slice(0, 300)}`);
      return null;
    }
    const turn = JSON.parse(answer.text) as Turn;
    this.#options.history.acked(sent, turn.turn_id, turn.seq);
    return turn;
  }

  async #cancel(sent: Sent, turnId: string, afterMs: number): Promise<void> {
    await sleep(afterMs);
    const answer = await this.#untilAnswered('POST', () => `/turns/${turnId}/cancel`, { timeoutMs: POST_MS });
    if (answer) this.#options.history.cancelled(sent, answer.status);
    if (answer && answer.status !== 200 && answer.status !== 409)
      this.#options.history.noteWrong(`cancel of ${turnId}: ${answer.status} ${answer.text.slice(0, 300)}`);
  }

  /** Follows the turn until it is settled. Some clients read the event stream first. */
  async #follow({ text }: Sent, turnId: string, how: number): Promise<Turn | null> {
    // The stream of a held reply ends only after the decision.
    if (how > 0.2 && how < 0.35 && !isReviewed(text)) {
      const stream = await this.#once('GET', `/turns/${turnId}/events`, { timeoutMs: STREAM_MS });
      const last = stream?.text.match(/^event: turn\n(?:id: .*\n)?data: (.*)$/gm)?.at(-1);
      const turn = last && (JSON.parse(last.slice(last.indexOf('data: ') + 6)) as Turn);
      if (turn && SETTLED.includes(turn.status)) return turn;
    }
    // A turn that never ends is answered every time.
    while (!this.#options.end.aborted) {
      const path = `/turns/${turnId}?wait=${WAIT_S}`;
      const answer = await this.#untilAnswered('GET', () => path, { timeoutMs: POST_MS + WAIT_S * 1000 });
      if (!answer) return null;
      if (answer.status !== 200) {
        this.#options.history.noteWrong(`GET ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
        return null;
      }
      const turn = JSON.parse(answer.text) as Turn;
      if (SETTLED.includes(turn.status)) return turn;
    }
    return null;
  }

  /** Repeats the request, at another ingress if there is one, while it is not answered, or answered 429 or 5xx. Null: the
   *  campaign ends. */
  async #untilAnswered(method: string, path: () => string, options: RequestOptions): Promise<Answer | null> {
    for (let pause = PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const answer = await this.#once(method, path(), options);
      if (answer && answer.status !== 429 && answer.status < 500) return answer;
      await sleep(pause, undefined, { signal: this.#options.end }).catch(() => {});
      if (this.#options.end.aborted) return null;
    }
  }

  async #once(method: string, path: string, options: RequestOptions): Promise<Answer | null> {
    const { urls, history } = this.#options;
    const url = urls[(this.#attempt += 1) % urls.length]! + path;
    try {
      const answer = await request(method, url, options);
      if (answer.status === 429 || answer.status >= 500)
        history.refused(`${method} ${answer.status} ${codeOf(answer)}`);
      return answer;
    } catch (error) {
      history.refused(`${method} ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`);
      return null;
    }
  }
}

function codeOf({ text }: Answer): string {
  try {
    return (JSON.parse(text) as { code?: string }).code ?? '';
  } catch {
    return '';
  }
}
