// Decisions that arrive on the topic `review-decisions`, in every accepted format.
import { z } from 'zod';
import { MESSAGE_LIMITS, NOTE_CHARACTERS } from './limits.ts';
import { DECISIONS, type Decision } from './review.ts';

const NAME_LIMIT = 200;
/** Used if an event does not name the reviewer. */
const UNKNOWN_REVIEWER = 'unknown';

/** Text that the database can store: no NUL and no lone surrogate. */
const storable = (limit: number) =>
  z
    .string()
    .max(limit)
    .refine((text) => !text.includes('\0') && text.isWellFormed());

const id = z.uuid().toLowerCase();

const data = z
  .object({
    review_id: id.optional(),
    turn_id: id.optional(),
    /** The tutorial's name for the id of the turn or the review. */
    instance_id: id.optional(),
    decision: z.enum(DECISIONS).optional(),
    approved: z.boolean().optional(),
    reply: storable(MESSAGE_LIMITS.textCharacters).min(1).nullish(),
    note: storable(NOTE_CHARACTERS).nullish(),
    decided_by: storable(NAME_LIMIT).min(1).default(UNKNOWN_REVIEWER),
  })
  .refine((given) => (given.review_id ?? given.turn_id ?? given.instance_id) !== undefined)
  // Exactly one of the two, so that they cannot contradict each other.
  .refine((given) => (given.decision === undefined) !== (given.approved === undefined))
  .refine((given) => (given.decision === 'edit') === (typeof given.reply === 'string'));

/** A decision, and the review or turn that it is about. */
export interface AddressedDecision {
  /** Ids of a review or a turn. All given ids must belong to the same review. */
  readonly ids: readonly string[];
  readonly decision: Decision;
}

/** The data of a `ReviewDecided` event. */
export const reviewDecided = data.transform((given): AddressedDecision => ({
  ids: [given.review_id, given.turn_id, given.instance_id].filter((each) => each !== undefined),
  decision: {
    decision: given.decision ?? (given.approved ? 'approve' : 'reject'),
    reply: given.reply ?? null,
    note: given.note ?? null,
    decidedBy: given.decided_by,
  },
}));

/** A decision without an envelope, as the tutorial posts it; null: the payload is anything else. */
export const bareDecision = (payload: unknown): AddressedDecision | null =>
  payload !== null && typeof payload === 'object' && 'specversion' in payload
    ? null
    : (reviewDecided.safeParse(payload).data ?? null);

/** The data of the `ReviewDecided` event of a decision. */
export const decisionData = (reviewId: string, { decision, reply, note, decidedBy }: Decision): object => ({
  review_id: reviewId,
  decision,
  ...(reply !== null && { reply }),
  ...(note !== null && { note }),
  decided_by: decidedBy,
});
