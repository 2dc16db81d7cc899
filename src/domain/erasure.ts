// Erasing a user: what is known of an erasure, and who may ask about one that has ended.
import { hash } from 'node:crypto';

export const ERASURE_STATUSES = ['running', 'completed'] as const;

export interface Erasure {
  readonly erasureId: string;
  readonly status: (typeof ERASURE_STATUSES)[number];
  readonly requestedAt: Date;
  readonly finishedAt: Date | null;
  /** Tells whether the erasure was a certain user's, without saying whose. */
  readonly ownerHash: string;
}

/** Salted with the erasure's id: nobody can look a user up by it who does not know that id. */
export const ownerHashOf = (erasureId: string, userId: string): string =>
  hash('sha256', `${erasureId} ${userId}`, 'hex');

/** Whether the erasure is of this user. */
export const isOf = (erasure: Erasure, userId: string): boolean =>
  erasure.ownerHash === ownerHashOf(erasure.erasureId, userId);

/** An erasure that is due for its next pass. */
export interface DueErasure {
  readonly erasureId: string;
  readonly userId: string;
  /** Turns that somebody may still have worked on when it began. */
  readonly turnIds: readonly string[];
  /** Passes made so far. */
  readonly passes: number;
}

/** The first pass removes what there is. The second comes when nobody can still be at work on an erased turn, and removes
 *  what such work had left behind. */
export const PASSES = 2;
