// How a review ended, as it is told. Pure.
import type { Tone } from '../parts/Badge.tsx';
import type { ReviewStatus } from '../api/derived.ts';
import type { ListedReview } from '../api/types.ts';

export const OUTCOME: Readonly<Record<ReviewStatus, { readonly says: string; readonly tone: Tone }>> = {
  pending: { says: 'pending', tone: 'plain' },
  approved: { says: 'approved', tone: 'good' },
  edited: { says: 'edited', tone: 'info' },
  rejected: { says: 'rejected', tone: 'bad' },
  expired: { says: 'expired', tone: 'warn' },
  cancelled: { says: 'cancelled', tone: 'plain' },
};

/** A sentence on who ended it how; null while it is pending. */
export function endingText({ status, decided_by: by }: ListedReview, me: string): string | null {
  switch (status) {
    case 'pending':
      return null;
    case 'expired':
      return 'Expired: the deadline passed before anybody decided. Nothing can be decided any more.';
    case 'cancelled':
      return 'Cancelled: the user took the message back. There is nothing to decide any more.';
    default:
      if (by === null) return `The deadline passed: ${status} automatically.`;
      return by === me ? `You ${status} this.` : `Decided by someone else: ${by} ${status} it.`;
  }
}
