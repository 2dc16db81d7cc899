// The statuses of a turn, and their labels. Pure.
import type { Tone } from '../parts/Badge.tsx';
import type { TurnStatus } from '../api/derived.ts';
import type { Turn } from '../api/types.ts';

/** Order of the statuses: a late report must not move a turn back. */
const RANK: Readonly<Record<TurnStatus, number>> = {
  queued: 0,
  running: 1,
  awaiting_review: 2,
  completed: 3,
  rejected: 3,
  expired: 3,
  cancelled: 3,
  failed: 3,
};

/** A failed turn that has more attempts than before was retried. */
const wasRetried = (known: Turn, received: Turn): boolean =>
  known.status === 'failed' && received.attempts > known.attempts;

/** The newer of two reports of one turn. */
export const newer = (known: Turn | undefined, received: Turn): Turn =>
  known && RANK[known.status] > RANK[received.status] && !wasRetried(known, received) ? known : received;

export const isQueuedOrRunning = ({ status }: Turn): boolean => RANK[status] < RANK.awaiting_review;

/** Not final. */
export const isOpen = ({ status }: Turn): boolean => RANK[status] < RANK.completed;

export const STATUS: Readonly<Record<TurnStatus, { readonly label: string; readonly tone: Tone }>> = {
  queued: { label: 'queued', tone: 'plain' },
  running: { label: 'running', tone: 'info' },
  awaiting_review: { label: 'held for review', tone: 'warn' },
  completed: { label: 'completed', tone: 'good' },
  rejected: { label: 'rejected', tone: 'bad' },
  expired: { label: 'expired', tone: 'bad' },
  cancelled: { label: 'cancelled', tone: 'plain' },
  failed: { label: 'failed', tone: 'bad' },
};
