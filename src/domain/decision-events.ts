// Decisions that arrive on the topic `review-decisions`, in every accepted format.
import { z } from 'zod';
import { MESSAGE_LIMITS, NOTE_CHARACTERS } from './limits.ts';
import { DECISIONS, type Decision, type Review } from './review.ts';
import { isStorable, storedResult, valueOf } from './tools/stored-values.ts';

const NAME_LIMIT = 200;
/** Maximum of characters of edited arguments, or of the result that a reviewer gives to a call, as JSON. */
export const VALUE_CHARACTERS = 64 * 1024;
/** Used if an event does not name the reviewer. */
const UNKNOWN_REVIEWER = 'unknown';

/** Text that the database can store: no NUL and no lone surrogate. */
const storable = (limit: number) =>
  z
    .string()
    .max(limit)
    .refine((text) => !text.includes('\0') && text.isWellFormed());

const id = z.uuid().toLowerCase();
/** A hash of what a reviewer saw. */
export const sha256 = z.hex().length(64).toLowerCase();

const fits = (value: unknown): boolean => isStorable(value) && JSON.stringify(value).length <= VALUE_CHARACTERS;

const data = z
  .object({
    review_id: id.optional(),
    turn_id: id.optional(),
    /** The tutorial's name for the id of the turn or the review. */
    instance_id: id.optional(),
    decision: z.enum(DECISIONS).optional(),
    approved: z.boolean().optional(),
    reply: storable(MESSAGE_LIMITS.textCharacters).min(1).nullish(),
    arguments: z.record(z.string(), z.unknown()).nullish(),
    result: z.unknown().optional(),
    draft_sha256: sha256.nullish(),
    arguments_sha256: sha256.nullish(),
    note: storable(NOTE_CHARACTERS).nullish(),
    decided_by: storable(NAME_LIMIT).min(1).default(UNKNOWN_REVIEWER),
  })
  .refine((given) => (given.review_id ?? given.turn_id ?? given.instance_id) !== undefined)
  // Exactly one of the two, so that they cannot contradict each other.
  .refine((given) => (given.decision === undefined) !== (given.approved === undefined))
  // The new reply, or the new arguments.
  .refine(
    (given) =>
      [given.reply ?? null, given.arguments ?? null].filter((each) => each !== null).length ===
      (given.decision === 'edit' ? 1 : 0),
  )
  .refine((given) => (given.decision === 'respond') === (given.result !== undefined))
  .refine((given) => given.decision !== 'revise' || (given.note ?? '') !== '')
  .refine((given) => fits(given.arguments ?? null) && fits(given.result ?? null));

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
    arguments: given.arguments ? JSON.stringify(given.arguments) : null,
    result: given.result === undefined ? null : storedResult(given.result),
    note: given.note ?? null,
    seenSha256: given.draft_sha256 ?? given.arguments_sha256 ?? null,
    decidedBy: given.decided_by,
  },
}));

/** A decision without an envelope, as the tutorial posts it; null: the payload is anything else. */
export const bareDecision = (payload: unknown): AddressedDecision | null =>
  payload !== null && typeof payload === 'object' && 'specversion' in payload
    ? null
    : (reviewDecided.safeParse(payload).data ?? null);

/** The data of the `ReviewDecided` event of a decision. */
export function decisionData({ reviewId, kind }: Pick<Review, 'reviewId' | 'kind'>, decided: Decision): object {
  const { decision, reply, arguments: edited, result, note, seenSha256, decidedBy } = decided;
  return {
    review_id: reviewId,
    decision,
    ...(reply !== null && { reply }),
    ...(edited !== null && { arguments: JSON.parse(edited) as object }),
    ...(result !== null && { result: valueOf(result) }),
    ...(note !== null && { note }),
    ...(seenSha256 !== null && { [kind === 'reply' ? 'draft_sha256' : 'arguments_sha256']: seenSha256 }),
    decided_by: decidedBy,
  };
}
