// What a review is, what may be decided, and what a decision means for a review as it is. Pure.
import type { TurnStatus } from './turn.ts';
import type { Reason } from './policy.ts';

export const REVIEW_STATUSES = ['pending', 'approved', 'edited', 'rejected', 'expired', 'cancelled'] as const;
export type ReviewStatus = (typeof REVIEW_STATUSES)[number];

export const DECISIONS = ['approve', 'edit', 'reject'] as const;
export type DecisionKind = (typeof DECISIONS)[number];

/** What happens at the deadline. */
export const DEADLINE_OUTCOMES = ['expire', 'approve', 'reject'] as const;
export type DeadlineOutcome = (typeof DEADLINE_OUTCOMES)[number];

/** What somebody decided. */
export interface Decision {
  readonly decision: DecisionKind;
  /** The edited reply; null unless `edit`. */
  readonly reply: string | null;
  readonly note: string | null;
  readonly decidedBy: string;
}

/** A drafted reply that waits, or waited, for a person. */
export interface Review {
  readonly reviewId: string;
  readonly turnId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly seq: number;
  readonly status: ReviewStatus;
  readonly reasons: readonly Reason[];
  /** What the user said. */
  readonly text: string;
  readonly draft: string;
  /** Who holds the lease now. */
  readonly claimedBy: string | null;
  readonly claimedUntil: Date | null;
  readonly deadline: Date;
  /** The deadline has passed, by the database's clock. */
  readonly overdue: boolean;
  readonly decision: DecisionKind | null;
  /** What the user was told; null where that was nothing. */
  readonly reply: string | null;
  readonly note: string | null;
  /** Null where nobody decided: not yet, or the deadline did. */
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly createdAt: Date;
  /** The user wrote more in the session since. */
  readonly stale: boolean;
  /** Where its turn stands in a trace; null: it is not traced. */
  readonly traceparent: string | null;
}

export interface ReviewPosition {
  readonly deadline: Date;
  readonly reviewId: string;
}

export interface ReviewFilter {
  readonly status?: ReviewStatus | undefined;
  readonly userId?: string | undefined;
  /** Name of a rule that asked for the review. */
  readonly rule?: string | undefined;
  /** Who holds the lease now. */
  readonly claimedBy?: string | undefined;
  readonly decidedBy?: string | undefined;
  /** Only what was decided then or later. */
  readonly decidedSince?: Date | undefined;
  /** Only reviews behind this one (the oldest deadline comes first). */
  readonly after?: ReviewPosition | undefined;
  readonly limit: number;
}

/** One line of the audit trail. */
export interface ReviewEvent {
  readonly at: Date;
  /** Null: turnkeeper itself. */
  readonly who: string | null;
  readonly what: string;
  readonly reasons: readonly Reason[] | null;
  readonly original: string | null;
  readonly edit: string | null;
  readonly note: string | null;
}

/** How a review ends: what becomes of it and of its turn. */
export interface Ending {
  readonly status: Exclude<ReviewStatus, 'pending'>;
  readonly turnStatus: Extract<TurnStatus, 'completed' | 'rejected' | 'expired' | 'cancelled'>;
  readonly decision: DecisionKind | null;
  /** What the user gets; null: nothing. */
  readonly reply: string | null;
  readonly note: string | null;
  readonly by: string | null;
}

type Outcome = Pick<Ending, 'status' | 'turnStatus'>;
const ENDS: Readonly<Record<DecisionKind | 'expire', Outcome>> = {
  approve: { status: 'approved', turnStatus: 'completed' },
  edit: { status: 'edited', turnStatus: 'completed' },
  reject: { status: 'rejected', turnStatus: 'rejected' },
  expire: { status: 'expired', turnStatus: 'expired' },
};

/** The ending that a decision brings. */
export function endingOf({ draft }: Pick<Review, 'draft'>, { decision, reply, note, decidedBy }: Decision): Ending {
  const told = { approve: draft, edit: reply, reject: null }[decision];
  return { ...ENDS[decision], decision, reply: told, note, by: decidedBy };
}

/** The ending that the deadline brings. */
export const endingAtDeadline = ({ draft }: Pick<Review, 'draft'>, outcome: DeadlineOutcome): Ending => ({
  ...ENDS[outcome],
  decision: outcome === 'expire' ? null : outcome,
  reply: outcome === 'approve' ? draft : null,
  note: null,
  by: null,
});

/** The ending of a review whose turn is cancelled. */
export const endingByCancel = (by: string | null): Ending => ({
  status: 'cancelled',
  turnStatus: 'cancelled',
  decision: null,
  reply: null,
  note: null,
  by,
});

export type DecisionOutcome =
  /** What was asked for holds. */
  | 'holds'
  /** Something else was decided first. */
  | 'conflict'
  /** The deadline was first. */
  | 'late';

/** What a decision means for a review as it is; null: it is still to be applied. `inTime`: it was made before the
 *  deadline, whatever the clock says now. */
export function outcomeOf(
  review: Review,
  decision: Pick<Decision, 'decision' | 'reply'>,
  inTime = false,
): DecisionOutcome | null {
  if (review.status === 'pending') return review.overdue && !inTime ? 'late' : null;
  if (review.status === 'cancelled') return 'conflict';
  if (review.decidedBy === null) return 'late';
  if (review.decision !== decision.decision) return 'conflict';
  return decision.decision !== 'edit' || review.reply === decision.reply ? 'holds' : 'conflict';
}
