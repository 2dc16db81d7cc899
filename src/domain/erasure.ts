// Erasing a user: the state of an erasure, and the check that an erasure belongs to a user.
import { hash } from 'node:crypto';

export const ERASURE_STATUSES = ['running', 'completed'] as const;

export interface Erasure {
  readonly erasureId: string;
  readonly status: (typeof ERASURE_STATUSES)[number];
  readonly requestedAt: Date;
  readonly finishedAt: Date | null;
  /** Shows whether the erasure belongs to a given user, without storing the user id. */
  readonly ownerHash: string;
}

/** Salted with the erasure's id, so that a user cannot be found by the hash without knowing that id. */
export const ownerHashOf = (erasureId: string, userId: string): string =>
  hash('sha256', `${erasureId} ${userId}`, 'hex');

/** Whether the erasure belongs to this user. */
export const isOf = (erasure: Erasure, userId: string): boolean =>
  erasure.ownerHash === ownerHashOf(erasure.erasureId, userId);

/** An erasure that is due for its next pass. */
export interface DueErasure {
  readonly erasureId: string;
  readonly userId: string;
  /** Turns that a worker may still have been running when the erasure began. */
  readonly turnIds: readonly string[];
  /** Completed passes. */
  readonly passes: number;
}

/** The first pass removes the existing data. The second pass runs when no worker can still be running an erased turn,
 *  and removes what such a worker left behind. */
export const PASSES = 2;
