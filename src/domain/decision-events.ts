// The decisions that come over the topic `review-decisions`, in each shape they may have.
import { z } from 'zod';
import { MESSAGE_LIMITS } from './limits.ts';
import { DECISIONS, type Decision } from './review.ts';

const NOTE_LIMIT = 4_000;
const NAME_LIMIT = 200;
/** Where an event does not say who decided. */
const UNKNOWN_REVIEWER = 'unknown';

/** What the database can keep: no NUL, no half of a surrogate pair. */
const keepable = (limit: number) =>
  z
    .string()
    .max(limit)
    .refine((text) => !text.includes('\0') && text.isWellFormed());

const id = z.uuid().toLowerCase();

const data = z
  .object({
    review_id: id.optional(),
    turn_id: id.optional(),
    /** The tutorial's name for what a person is asked about: a turn or a review. */
    instance_id: id.optional(),
    decision: z.enum(DECISIONS).optional(),
    approved: z.boolean().optional(),
    reply: keepable(MESSAGE_LIMITS.textCharacters).min(1).nullish(),
    note: keepable(NOTE_LIMIT).nullish(),
    decided_by: keepable(NAME_LIMIT).min(1).default(UNKNOWN_REVIEWER),
  })
  .refine((given) => (given.review_id ?? given.turn_id ?? given.instance_id) !== undefined)
  // One of the two, so that they cannot contradict each other.
  .refine((given) => (given.decision === undefined) !== (given.approved === undefined))
  .refine((given) => (given.decision === 'edit') === (typeof given.reply === 'string'));

/** A decision, and what it is about. */
export interface AddressedDecision {
  /** Ids of a review or a turn; all that are given must mean the same one. */
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

/** The tutorial posts its decision without an envelope. */
export const bareDecision = (payload: unknown): AddressedDecision | null =>
  payload !== null && typeof payload === 'object' && 'specversion' in payload
    ? null
    : (reviewDecided.safeParse(payload).data ?? null);

/** A decision as the data of an event. */
export const decisionData = (reviewId: string, { decision, reply, note, decidedBy }: Decision): object => ({
  review_id: reviewId,
  decision,
  ...(reply !== null && { reply }),
  ...(note !== null && { note }),
  decided_by: decidedBy,
});
