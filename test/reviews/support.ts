// Shared by the tests of reviews: posts a turn that awaits review, decides it, and reads it.
import { Queue } from 'bullmq';
import { call, chat, waitForTurn, type Reply, type TurnJson } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';

export interface ReviewedTurn extends TurnJson {
  readonly review: {
    readonly review_id: string;
    readonly status: string;
    readonly reasons: string[];
    readonly deadline: string;
    readonly decided_at: string | null;
    readonly decision: string | null;
  } | null;
}

export interface ReviewJson {
  readonly review_id: string;
  readonly turn_id: string;
  readonly status: string;
  readonly reasons: { rule: string; detail: string }[];
  readonly text: string;
  readonly draft: string;
  readonly draft_sha256: string;
  readonly revision: number;
  readonly drafting: boolean;
  readonly history: { role: string; content: string }[];
  readonly stale: boolean;
  readonly claimed_by: string | null;
  readonly deadline: string;
  readonly decision: string | null;
  readonly reply: string | null;
  readonly note: string | null;
  readonly decided_by: string | null;
  readonly decided_at: string | null;
}

export interface ProblemJson {
  readonly code: string;
  readonly applied?: { readonly decision: string; readonly status: string; readonly reply: string | null };
}

export const turnOf = async (url: string, turnId: string): Promise<ReviewedTurn> =>
  (await call<ReviewedTurn>(url, `/turns/${turnId}`)).body;

/** Posts a message and waits until its turn awaits review. @throws if the turn gets another status */
export async function park(url: string, userId: string, text: string, more: object = {}): Promise<ReviewedTurn> {
  const accepted = await chat(url, { user_id: userId, text, ...more });
  const turn = (await waitForTurn(url, accepted.turn_id)) as ReviewedTurn;
  if (turn.status !== 'awaiting_review') throw new Error(`the turn is ${turn.status}`);
  return turn;
}

export const decide = <T = ReviewJson>(
  url: string,
  reviewId: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Reply<T>> => call<T>(url, `/reviews/${reviewId}/decision`, { body, headers });

export const reviewOf = async (url: string, reviewId: string): Promise<ReviewJson> =>
  (await call<ReviewJson>(url, `/reviews/${reviewId}`)).body;

/** Opens a topic as an external BullMQ client. */
export function topic(t: Owner, redisUrl: string, name: string): Queue {
  const queue = new Queue(name, { connection: { url: redisUrl, maxRetriesPerRequest: null }, prefix: 'turnkeeper' });
  t.teardown(() => queue.close());
  return queue;
}
