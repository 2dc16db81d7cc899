// The texts for the status of a review. Pure.
import type { Tone } from '../parts/Badge.tsx';
import type { ReviewStatus } from '../api/derived.ts';
import type { ListedReview } from '../api/types.ts';

export const OUTCOME: Readonly<Record<ReviewStatus, { readonly label: string; readonly tone: Tone }>> = {
  pending: { label: 'pending', tone: 'plain' },
  approved: { label: 'approved', tone: 'good' },
  edited: { label: 'edited', tone: 'info' },
  rejected: { label: 'rejected', tone: 'bad' },
  responded: { label: 'responded', tone: 'info' },
  retried: { label: 'retried', tone: 'info' },
  expired: { label: 'expired', tone: 'warn' },
  cancelled: { label: 'cancelled', tone: 'plain' },
};

/** A sentence about who decided and how; null while the review is pending. */
export function outcomeText({ status, decided_by: by }: ListedReview, me: string): string | null {
  switch (status) {
    case 'pending':
      return null;
    case 'expired':
      return 'Expired: the deadline passed without a decision. A decision is no longer possible.';
    case 'cancelled':
      return 'Cancelled: the turn was cancelled. A decision is no longer possible.';
    default:
      if (by === null) return `Deadline passed. The reply was ${status} automatically.`;
      return by === me ? `You ${status} this reply.` : `Already decided: ${by} ${status} this reply.`;
  }
}
