// The labels of the statuses of a turn. Pure.
import type { Tone } from '../parts/Badge.tsx';
import type { TurnStatus } from '../api/derived.ts';

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
