// Reviews: their states, the decisions on them, and the effect of a decision on a review in a given state. Pure.
import { sha256Of } from './text.ts';
import type { FinishReason, TurnStatus } from './turn.ts';
import type { Reason } from './policy.ts';
import type { ShownCall } from './tools/step.ts';

export const REVIEW_STATUSES = [
  'pending',
  'approved',
  'edited',
  'rejected',
  'responded',
  'retried',
  'expired',
  'cancelled',
] as const;
export type ReviewStatus = (typeof REVIEW_STATUSES)[number];

/** What a review is about: a drafted reply, a call of a tool that has not been made, or one whose outcome is unknown. */
export const REVIEW_KINDS = ['reply', 'tool_call', 'tool_outcome'] as const;
export type ReviewKind = (typeof REVIEW_KINDS)[number];
export type ToolReviewKind = Exclude<ReviewKind, 'reply'>;

/** The decisions that end a review. */
export const ENDING_DECISIONS = ['approve', 'edit', 'reject', 'respond', 'retry'] as const;
export type EndingDecisionKind = (typeof ENDING_DECISIONS)[number];

/** All decisions. `revise` asks for a new draft, and the review stays pending. */
export const DECISIONS = [...ENDING_DECISIONS, 'revise'] as const;
export type DecisionKind = (typeof DECISIONS)[number];

/** How many new drafts a review may get. */
export const MAX_REVISIONS = 5;

/** The decisions that each kind takes. */
export const DECISIONS_OF: Readonly<Record<ReviewKind, readonly DecisionKind[]>> = {
  reply: ['approve', 'edit', 'reject', 'revise'],
  tool_call: ['approve', 'edit', 'reject', 'respond'],
  tool_outcome: ['respond', 'reject', 'retry'],
};

/** What happens at the deadline. */
export const DEADLINE_OUTCOMES = ['expire', 'approve', 'reject'] as const;
export type DeadlineOutcome = (typeof DEADLINE_OUTCOMES)[number];

/** What a client is shown instead of a reply that awaits review, unless the operator sets another text. */
export const HELD_TEXT =
  'Thank you for your message. The reply is awaiting human review and will be available after that.';

/** A reviewer's decision. */
export interface Decision {
  readonly decision: DecisionKind;
  /** The edited reply; null unless a reply is edited. */
  readonly reply: string | null;
  /** The JSON text of the edited arguments; null unless a call is edited. */
  readonly arguments: string | null;
  /** The result of the call; null unless `respond`. */
  readonly result: string | null;
  /** Of `revise`: what the model has to change. Otherwise only for the audit trail. Null: none. */
  readonly note: string | null;
  /** The hash of the draft or of the arguments that the reviewer saw; null: not said. */
  readonly seenSha256: string | null;
  readonly decidedBy: string;
}

/** A decision that ends a review. */
export type EndingDecision = Decision & { readonly decision: EndingDecisionKind };

export const endsReview = (decision: Decision): decision is EndingDecision => decision.decision !== 'revise';

/** What a decision says besides itself. */
export const NO_CONTENT = { reply: null, arguments: null, result: null, note: null, seenSha256: null } as const;

/** A new draft that the model is writing. */
export interface Drafting {
  /** What the reviewer asked for. */
  readonly note: string;
  readonly by: string;
  readonly since: Date;
}

/** A drafted reply or a call of a tool on which a reviewer has to decide, or has decided. */
export interface Review {
  readonly reviewId: string;
  readonly kind: ReviewKind;
  readonly turnId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly seq: number;
  readonly status: ReviewStatus;
  readonly reasons: readonly Reason[];
  /** The user's message. */
  readonly text: string;
  /** The assistant that wrote the draft. Null: accepted by a version without assistants. */
  readonly assistant: string | null;
  /** Null: the review is about a call. */
  readonly draft: string | null;
  /** How many new drafts the reviewers have received: 0 is the first draft. */
  readonly revision: number;
  /** Null: no new draft is being written. */
  readonly drafting: Drafting | null;
  /** Null: the review is about a reply. */
  readonly toolCall: ShownCall | null;
  /** How the draft ended; null: not known. */
  readonly finishReason: FinishReason | null;
  /** The reviewer who holds the lease now; null: none. */
  readonly claimedBy: string | null;
  readonly claimedUntil: Date | null;
  readonly deadline: Date;
  /** The deadline has passed, by the database's clock. */
  readonly overdue: boolean;
  readonly decision: EndingDecisionKind | null;
  /** The reply that was delivered to the user; null: none. */
  readonly reply: string | null;
  /** The arguments or the result that the decision gave to the call; null: none. */
  readonly decidedValue: string | null;
  readonly note: string | null;
  /** Null: nobody has decided, for example because the deadline ended the review. */
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly createdAt: Date;
  /** The user has sent another message in the session since then. */
  readonly stale: boolean;
  /** Position of its turn in a trace; null: the turn is not traced. */
  readonly traceparent: string | null;
}

export interface ReviewPosition {
  readonly deadline: Date;
  readonly reviewId: string;
}

export interface ReviewFilter {
  readonly kind?: ReviewKind | undefined;
  readonly assistant?: string | undefined;
  readonly status?: ReviewStatus | undefined;
  readonly userId?: string | undefined;
  /** Name of a rule that caused the review. */
  readonly rule?: string | undefined;
  /** The reviewer who holds the lease now. */
  readonly claimedBy?: string | undefined;
  readonly decidedBy?: string | undefined;
  /** Only reviews that were decided at or after this time. */
  readonly decidedSince?: Date | undefined;
  /** Only reviews after this position. The oldest deadline comes first. */
  readonly after?: ReviewPosition | undefined;
  readonly limit: number;
}

/** One entry of the audit trail. */
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

/** How a review ends: the final state of the review and of its turn. */
export interface Ending {
  readonly status: Exclude<ReviewStatus, 'pending'>;
  readonly turnStatus: Extract<TurnStatus, 'completed' | 'rejected' | 'expired' | 'cancelled'>;
  readonly decision: EndingDecisionKind | null;
  /** Whether it also ends a review whose new draft is being written. That draft is then discarded. */
  readonly whileDrafting: boolean;
  /** The reply that is delivered to the user; null: none. */
  readonly reply: string | null;
  /** How the reply ended; null: there is none, or it is not known. */
  readonly finishReason: FinishReason | null;
  readonly note: string | null;
  readonly by: string | null;
}

type ReplyDecision = 'approve' | 'edit' | 'reject';

const ENDS: Readonly<Record<ReplyDecision | 'expire', Pick<Ending, 'status' | 'turnStatus'>>> = {
  approve: { status: 'approved', turnStatus: 'completed' },
  edit: { status: 'edited', turnStatus: 'completed' },
  reject: { status: 'rejected', turnStatus: 'rejected' },
  expire: { status: 'expired', turnStatus: 'expired' },
};

type Draft = Pick<Review, 'draft' | 'finishReason'>;

const replyOf = ({ draft: reply, finishReason }: Draft) => ({ reply, finishReason });
const NO_REPLY = { reply: null, finishReason: null };

/** How a decision ends the review of a reply. The text of a reviewer is whole. */
export function endingOf(review: Draft, { decision, reply, note, decidedBy }: EndingDecision): Ending {
  const delivered = { approve: replyOf(review), edit: { reply, finishReason: 'stop' }, reject: NO_REPLY } as const;
  const kind = decision as ReplyDecision;
  const whileDrafting = decision === 'reject';
  return { ...ENDS[kind], decision, whileDrafting, ...delivered[kind], note, by: decidedBy };
}

/** How the deadline ends the review of a reply. Of a review whose new draft is being written, the last draft counts. */
export const endingAtDeadline = (review: Draft, outcome: DeadlineOutcome): Ending => ({
  ...ENDS[outcome],
  decision: outcome === 'expire' ? null : outcome,
  whileDrafting: true,
  ...(outcome === 'approve' ? replyOf(review) : NO_REPLY),
  note: null,
  by: null,
});

/** How the cancellation of its turn ends the review of a reply. */
export const endingByCancel = (by: string | null): Ending => ({
  status: 'cancelled',
  turnStatus: 'cancelled',
  decision: null,
  whileDrafting: true,
  ...NO_REPLY,
  note: null,
  by,
});

export type DecisionOutcome =
  /** The same decision was made before. */
  | 'already_applied'
  /** Another decision was made first. */
  | 'conflict'
  /** The deadline passed first. */
  | 'late'
  /** The reviewer saw something else. */
  | 'changed'
  /** Reviews of this kind do not take the decision. */
  | 'not_allowed'
  /** A new draft is being written. */
  | 'drafting'
  /** The review has got as many new drafts as it may. */
  | 'revision_limit';

type Decided = Pick<Decision, 'decision' | 'reply' | 'arguments' | 'result' | 'note' | 'seenSha256'>;

/** The decision with the draft that it is about: an approval that names none is about the one that the review has now. So it
 *  never reaches a later draft. */
export const aboutDraftOf = ({ draft }: Pick<Review, 'draft'>, decision: Decision): Decision =>
  decision.decision === 'approve' && draft !== null
    ? { ...decision, seenSha256: decision.seenSha256 ?? sha256Of(draft) }
    : decision;

const isSame = (review: Review, { decision, reply, arguments: edited, result }: Decided): boolean =>
  review.decision === decision &&
  (decision !== 'edit' || review.kind !== 'reply' || review.reply === reply) &&
  (review.kind === 'reply' || review.decidedValue === (edited ?? result));

function outcomeWhilePending({ drafting, revision }: Review, { decision, note }: Decided): DecisionOutcome | null {
  if (drafting && decision === 'revise' && drafting.note === note) return 'already_applied';
  if (drafting) return decision === 'reject' ? null : 'drafting';
  return decision === 'revise' && revision >= MAX_REVISIONS ? 'revision_limit' : null;
}

/** What a decision means for a review in its current state; null: the decision can be applied. `madeInTime`: the decision
 *  was made before the deadline, even if the deadline has passed by now. */
export function outcomeOf(review: Review, decision: Decided, madeInTime = false): DecisionOutcome | null {
  if (!DECISIONS_OF[review.kind].includes(decision.decision)) return 'not_allowed';
  const seen = decision.seenSha256;
  if (seen !== null && seen !== sha256Of(review.draft ?? review.toolCall?.arguments ?? '')) return 'changed';
  if (review.status === 'pending')
    return review.overdue && !madeInTime ? 'late' : outcomeWhilePending(review, decision);
  if (review.status === 'cancelled') return 'conflict';
  if (review.decidedBy === null) return 'late';
  return isSame(review, decision) ? 'already_applied' : 'conflict';
}
