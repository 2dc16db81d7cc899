// What a turn's status means to the user who waits for it. Pure.
import type { Tone } from '../parts/Badge.tsx';
import type { TurnStatus } from '../api/derived.ts';
import type { Turn } from '../api/types.ts';

/** How far along a turn is: what is told late must not take a turn back. */
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

/** Of two reports of one turn the later one. */
export const later = (known: Turn | undefined, heard: Turn): Turn =>
  known && RANK[known.status] > RANK[heard.status] ? known : heard;

/** Queued or running: the next thing happens by itself. */
export const isUnderWay = ({ status }: Turn): boolean => RANK[status] < RANK.awaiting_review;

/** Anything may still change. */
export const isOpen = ({ status }: Turn): boolean => RANK[status] < RANK.completed;

export const STATUS: Readonly<Record<TurnStatus, { readonly says: string; readonly tone: Tone }>> = {
  queued: { says: 'waits for its turn', tone: 'plain' },
  running: { says: 'being answered', tone: 'info' },
  awaiting_review: { says: 'held for review', tone: 'warn' },
  completed: { says: 'answered', tone: 'good' },
  rejected: { says: 'rejected', tone: 'bad' },
  expired: { says: 'not reviewed in time', tone: 'bad' },
  cancelled: { says: 'cancelled', tone: 'plain' },
  failed: { says: 'failed', tone: 'bad' },
};
