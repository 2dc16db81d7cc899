// How reviews of calls end. Pure.
import type {
  DeadlineOutcome,
  EndingDecision,
  EndingDecisionKind,
  Review,
  ReviewKind,
  ReviewStatus,
} from '../review.ts';
import type { TurnStatus } from '../turn.ts';
import type { StepStatus } from './step.ts';

/** How the review of a call ends: the final state of the review, the state of its turn, and of the call. */
export interface ToolEnding {
  readonly status: Exclude<ReviewStatus, 'pending'>;
  readonly turnStatus: Extract<TurnStatus, 'queued' | 'expired' | 'cancelled'>;
  readonly decision: EndingDecisionKind | null;
  /** What changes of the call; null: it stays. */
  readonly step: {
    readonly status: StepStatus | null;
    readonly arguments: string | null;
    readonly result: string | null;
    readonly approved: boolean;
  };
  readonly decidedValue: string | null;
  readonly note: string | null;
  readonly by: string | null;
}

const UNCHANGED = { status: null, arguments: null, result: null, approved: false } as const;

const withNote = (sentence: string, note: string | null): string => (note === null ? sentence : `${sentence} ${note}`);

/** A call that will not be made, and what the model gets as its result. */
const declined = (why: string, note: string | null = null) => ({
  ...UNCHANGED,
  status: 'declined' as const,
  result: withNote(`${why} It was not carried out.`, note),
});

const BY_A_PERSON = 'A person declined this call.';
const BY_THE_DEADLINE = 'Nobody decided on this call in time.';
const BY_CANCELLATION = 'The turn of this call was cancelled.';

/** The state of a call after a decision. */
function stepOf(kind: ReviewKind, { decision, arguments: edited, result, note }: EndingDecision): ToolEnding['step'] {
  switch (decision) {
    case 'approve':
    case 'retry':
      return { ...UNCHANGED, status: 'proposed', approved: true };
    case 'edit':
      return { ...UNCHANGED, status: 'proposed', arguments: edited, approved: true };
    case 'respond':
      return { ...UNCHANGED, status: 'done', result };
    case 'reject':
      if (kind === 'tool_call') return declined(BY_A_PERSON, note);
      return {
        ...UNCHANGED,
        status: 'failed',
        result: withNote('A person found that this call was not carried out.', note),
      };
  }
}

const TOOL_STATUS = {
  approve: 'approved',
  edit: 'edited',
  reject: 'rejected',
  respond: 'responded',
  retry: 'retried',
} as const satisfies Record<EndingDecisionKind, ReviewStatus>;

/** How a decision ends the review of a call: the turn continues. */
export const toolEndingOf = ({ kind }: Pick<Review, 'kind'>, decision: EndingDecision): ToolEnding => ({
  status: TOOL_STATUS[decision.decision],
  turnStatus: 'queued',
  decision: decision.decision,
  step: stepOf(kind, decision),
  decidedValue: decision.arguments ?? decision.result,
  note: decision.note,
  by: decision.decidedBy,
});

const ended = { decision: null, decidedValue: null, note: null } as const;

/** How the deadline ends the review of a call: it never runs a tool. The model is informed only of a call that is rejected
 *  before it was made. */
export const toolEndingAtDeadline = ({ kind }: Pick<Review, 'kind'>, outcome: DeadlineOutcome): ToolEnding =>
  kind === 'tool_call' && outcome === 'reject'
    ? {
        ...ended,
        status: 'rejected',
        turnStatus: 'queued',
        decision: 'reject',
        step: declined(BY_THE_DEADLINE),
        by: null,
      }
    : {
        ...ended,
        status: 'expired',
        turnStatus: 'expired',
        step: kind === 'tool_call' ? declined(BY_THE_DEADLINE) : UNCHANGED,
        by: null,
      };

/** How the cancellation of its turn ends the review of a call. */
export const toolEndingByCancel = ({ kind }: Pick<Review, 'kind'>, by: string | null): ToolEnding => ({
  ...ended,
  status: 'cancelled',
  turnStatus: 'cancelled',
  step: kind === 'tool_call' ? declined(BY_CANCELLATION) : UNCHANGED,
  by,
});
