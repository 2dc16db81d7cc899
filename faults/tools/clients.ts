// The clients of the kill run: each sends its turns one after the other, decides on their reviews, and waits for their ends.
import { setTimeout as sleep } from 'node:timers/promises';
import { request, type Answer } from '../load/request.ts';
import { messageOf } from './turns.ts';

const [WAIT_S, TIMEOUT_MS] = [5, 10_000];
const PAUSE_MS = 100;
/** The share of reviews that two reviewers decide differently at the same time. */
const TWICE_SHARE = 0.2;

interface TurnJson {
  readonly turn_id: string;
  readonly status: string;
  readonly review: { readonly review_id: string; readonly status: string } | null;
}

interface ReviewJson {
  readonly review_id: string;
  readonly kind: string;
  readonly tool_call: { readonly arguments: object; readonly arguments_sha256: string };
}

interface Decision {
  readonly decision: 'approve' | 'edit' | 'reject' | 'respond' | 'retry';
  readonly arguments?: object;
  readonly arguments_sha256?: string;
  readonly result?: object;
}

/** A decision that was answered 200. */
export interface Confirmed {
  readonly reviewId: string;
  readonly decision: string;
}

export interface ClientsOptions {
  readonly urls: readonly string[];
  readonly seed: number;
  readonly turns: number;
  /** How many turns are in flight at the same time. */
  readonly clients: number;
  readonly draw: () => number;
  /** Aborted when the time of the run is over. */
  readonly end: AbortSignal;
}

const OPEN: ReadonlySet<string> = new Set(['queued', 'running', 'awaiting_review']);

export class Clients {
  readonly #options: ClientsOptions;
  /** The ids of the turns that were acknowledged, by their messages. */
  readonly acknowledged = new Map<string, string>();
  readonly confirmed: Confirmed[] = [];
  /** Answers that no kill explains. */
  readonly wrong: string[] = [];
  #sent = 0;
  #requests = 0;
  ended = 0;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** Resolves when all turns have ended, or when the time is over. */
  async run(): Promise<void> {
    const { clients, turns, end } = this.#options;
    const client = async (slot: number) => {
      while (this.#sent < turns && !end.aborted) await this.#turn((this.#sent += 1), `user-${slot}`);
    };
    await Promise.all(Array.from({ length: clients }, (_, slot) => client(slot)));
  }

  async #turn(index: number, user: string): Promise<void> {
    const text = messageOf(index);
    const headers = { 'idempotency-key': `${this.#options.seed}-${index}` };
    const posted = await this.#untilAnswered('POST', '/chat', { body: { user_id: user, text }, headers });
    if (!posted) return;
    let turn = JSON.parse(posted.text) as TurnJson;
    this.acknowledged.set(text, turn.turn_id);
    while (OPEN.has(turn.status)) {
      if (turn.status === 'awaiting_review' && turn.review?.status === 'pending')
        await this.#decide(turn.review.review_id);
      const read = await this.#untilAnswered('GET', `/turns/${turn.turn_id}?wait=${WAIT_S}`);
      if (!read) return;
      turn = JSON.parse(read.text) as TurnJson;
    }
    this.ended += 1;
  }

  async #decide(reviewId: string): Promise<void> {
    const read = await this.#untilAnswered('GET', `/reviews/${reviewId}`);
    if (!read) return;
    const review = JSON.parse(read.text) as ReviewJson;
    const [first, other] = this.#decisionsOn(review);
    const decisions = this.#options.draw() < TWICE_SHARE ? [first, other] : [first];
    await Promise.all(
      decisions.map(async (body) => {
        const answer = await this.#untilAnswered('POST', `/reviews/${reviewId}/decision`, { body });
        if (answer?.status === 200) this.confirmed.push({ reviewId, decision: body.decision });
      }),
    );
  }

  #decisionsOn({ review_id: id, kind, tool_call: call }: ReviewJson): [Decision, Decision] {
    const share = this.#options.draw();
    const reject: Decision = { decision: 'reject' };
    const respond: Decision = { decision: 'respond', result: { receipt: `by hand ${id}` } };
    if (kind === 'tool_outcome') {
      const retry: Decision = { decision: 'retry' };
      return share < 0.4 ? [retry, reject] : share < 0.7 ? [respond, retry] : [reject, retry];
    }
    const approve: Decision = { decision: 'approve', arguments_sha256: call.arguments_sha256 };
    const edit: Decision = { decision: 'edit', arguments: { ...call.arguments, order: `edited ${id}` } };
    return share < 0.5 ? [approve, reject] : share < 0.75 ? [edit, approve] : [reject, edit];
  }

  /** Repeats the request while its connection breaks, or it is answered 429 or 5xx. Null: the time is over. */
  async #untilAnswered(
    method: string,
    path: string,
    options: { body?: object; headers?: Record<string, string> } = {},
  ) {
    const { urls, end } = this.#options;
    while (!end.aborted) {
      const url = urls[(this.#requests += 1) % urls.length]! + path;
      const answer = await request(method, url, { ...options, timeoutMs: TIMEOUT_MS }).catch((): Answer | null => null);
      if (answer && answer.status !== 429 && answer.status < 500) {
        // A decision that came second is answered 409.
        if (answer.status >= 400 && answer.status !== 409)
          this.wrong.push(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
        return answer;
      }
      await sleep(PAUSE_MS, undefined, { signal: end }).catch(() => {});
    }
    return null;
  }
}
