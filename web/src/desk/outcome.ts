// The texts for the status of a review. Pure.
import type { Tone } from '../parts/Badge.tsx';
import type { ReviewKind, ReviewStatus } from '../api/derived.ts';
import type { ListedReview } from '../api/types.ts';

export const OUTCOME: Readonly<Record<ReviewStatus, { readonly label: string; readonly tone: Tone }>> = {
  pending: { label: 'pending', tone: 'plain' },
  approved: { label: 'approved', tone: 'good' },
  edited: { label: 'edited', tone: 'info' },
  rejected: { label: 'rejected', tone: 'bad' },
  responded: { label: 'responded', tone: 'info' },
  retried: { label: 'retried', tone: 'warn' },
  expired: { label: 'expired', tone: 'warn' },
  cancelled: { label: 'cancelled', tone: 'plain' },
};

type Decided = Exclude<ReviewStatus, 'pending' | 'expired' | 'cancelled'>;

/** What a reviewer did, after a name. */
const DID: Readonly<Record<ReviewKind, Partial<Record<Decided, string>>>> = {
  reply: { approved: 'approved this reply', edited: 'edited this reply', rejected: 'rejected this reply' },
  tool_call: {
    approved: 'approved this call',
    edited: 'approved this call with other arguments',
    rejected: 'rejected this call',
    responded: 'gave the result of this call, which was not made',
  },
  tool_outcome: {
    responded: 'gave the result of this call',
    rejected: 'reported that this call was not carried out',
    retried: 'had this call made again',
  },
};

/** A sentence about who decided and how; null while the review is pending. */
export function outcomeText({ kind, status, decided_by: by }: ListedReview, me: string): string | null {
  switch (status) {
    case 'pending':
      return null;
    case 'expired':
      return 'Expired: the deadline passed without a decision. A decision is no longer possible.';
    case 'cancelled':
      return 'Cancelled: the turn was cancelled. A decision is no longer possible.';
    default: {
      if (by === null)
        return `Deadline passed. The ${kind === 'reply' ? 'reply' : 'call'} was ${status} automatically.`;
      const did = DID[kind][status] ?? `decided this review: ${status}`;
      return by === me ? `You ${did}.` : `Already decided: ${by} ${did}.`;
    }
  }
}
