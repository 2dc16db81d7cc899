// A reviewer: decides most pending reviews, some twice at the same time with different decisions.
import { setTimeout as sleep } from 'node:timers/promises';
import type { History } from './history.ts';
import { request } from './request.ts';

const PAUSE_MS = 500;
const TIMEOUT_MS = 8_000;
const PAGE = 50;
const [UNDECIDED_SHARE, TWICE_SHARE] = [0.1, 0.3];

interface Pending {
  readonly review_id: string;
  readonly turn_id: string;
}

interface Decision {
  readonly decision: 'approve' | 'edit' | 'reject';
  readonly reply?: string;
}

export interface ReviewerOptions {
  readonly urls: readonly string[];
  readonly history: History;
  readonly draw: () => number;
  readonly isRunning: () => boolean;
}

export class Reviewer {
  readonly #options: ReviewerOptions;
  /** Reviews that stay pending, or whose decision was answered. */
  readonly #finished = new Set<string>();
  /** A decision is repeated unchanged until it is answered. */
  readonly #decisions = new Map<string, Decision[]>();
  #attempt = 0;

  constructor(options: ReviewerOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    while (this.#options.isRunning()) {
      await this.#decideAll().catch((error: Error) => this.#options.history.refused(`review ${error.message}`));
      await sleep(PAUSE_MS);
    }
  }

  async #decideAll(): Promise<void> {
    let cursor = '';
    do {
      const { text, status } = await this.#send('GET', `/reviews?status=pending&limit=${PAGE}${cursor}`);
      if (status !== 200) return;
      const { items, next_cursor: next } = JSON.parse(text) as { items: Pending[]; next_cursor: string | null };
      await Promise.all(items.filter(({ review_id: id }) => !this.#finished.has(id)).map((each) => this.#decide(each)));
      cursor = next === null ? '' : `&cursor=${encodeURIComponent(next)}`;
    } while (cursor !== '' && this.#options.isRunning());
  }

  async #decide({ review_id: reviewId, turn_id: turnId }: Pending): Promise<void> {
    const decisions = this.#decisions.get(reviewId) ?? this.#drawDecisions(reviewId);
    this.#decisions.set(reviewId, decisions);
    if (decisions.length === 0) return void this.#finished.add(reviewId);
    const answers = await Promise.allSettled(
      decisions.map(async (body) => {
        const { status } = await this.#send('POST', `/reviews/${reviewId}/decision`, body);
        if (status < 500) this.#finished.add(reviewId);
        const { decision, reply = null } = body;
        this.#options.history.decided({ reviewId, turnId, decision, reply, at: Date.now(), status });
      }),
    );
    for (const each of answers)
      if (each.status === 'rejected') this.#options.history.refused(`decision ${(each.reason as Error).message}`);
  }

  #drawDecisions(reviewId: string): Decision[] {
    const { draw } = this.#options;
    const [share, kind] = [draw(), draw()];
    if (share < UNDECIDED_SHARE) return [];
    const edit: Decision = { decision: 'edit', reply: `edited reply of review ${reviewId}` };
    const first = kind < 0.4 ? { decision: 'approve' as const } : kind < 0.7 ? edit : { decision: 'reject' as const };
    const other = first.decision === 'reject' ? edit : { decision: 'reject' as const };
    return share > 1 - TWICE_SHARE ? [first, other] : [first];
  }

  #send(method: string, path: string, body?: object) {
    const { urls } = this.#options;
    const url = urls[(this.#attempt += 1) % urls.length]!;
    return request(method, url + path, { timeoutMs: TIMEOUT_MS, ...(body && { body }) });
  }
}
