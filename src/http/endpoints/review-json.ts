// The JSON representation of reviews, for reviewers.
import { z } from 'zod';
import { ENDING_DECISIONS, REVIEW_KINDS, REVIEW_STATUSES, type Review, type ReviewEvent } from '../../domain/review.ts';
import { sha256Of } from '../../domain/text.ts';
import { valueOf } from '../../domain/tools/stored-values.ts';
import { toolCallJson } from '../../domain/tools/step.ts';
import { FINISH_REASONS } from '../../domain/turn.ts';
import type { ConversationRow } from '../../domain/conversation.ts';
import { urlOf, type Picture } from '../../domain/pictures/picture.ts';
import { message, messageJson } from './conversations.ts';
import { COMPONENTS, instant, pageOf } from '../schemas.ts';

const uuid = z.string().meta({ format: 'uuid' });

const reason = z
  .object({
    rule: z.string().meta({ description: 'Name of the rule that required the review.' }),
    detail: z.string(),
  })
  .register(COMPONENTS, { id: 'ReviewReason' });

const toolCall = z
  .object({
    tool: z.string(),
    arguments: z.record(z.string(), z.unknown()),
    call_id: z.string(),
    step: z.int(),
    arguments_sha256: z.string().meta({
      description: 'Hex SHA-256 of the arguments as they are stored and sent. A decision may repeat it.',
    }),
  })
  .register(COMPONENTS, { id: 'ReviewedToolCall' });

const listed = z
  .object({
    review_id: uuid,
    kind: z.enum(REVIEW_KINDS).meta({
      description:
        '`reply`: a draft. `tool_call`: a call of a tool that has not been made. `tool_outcome`: a call that was started and whose outcome is not known.',
    }),
    turn_id: uuid,
    user_id: z.string(),
    session_id: uuid,
    status: z.enum(REVIEW_STATUSES),
    reasons: z.array(reason),
    text: z.string().meta({ description: 'The message of the user.' }),
    assistant: z
      .string()
      .nullable()
      .meta({ description: 'The assistant that wrote the draft. Null: accepted by a version without assistants.' }),
    draft: z.string().nullable().meta({
      description:
        'The reply of the model. The user sees it only if it is approved. Null: the review is about a call of a tool.',
    }),
    draft_sha256: z.string().nullable().meta({ description: 'Hex SHA-256 of the draft. A decision may repeat it.' }),
    revision: z.int().meta({
      description:
        'How many new drafts reviewers have received: 0 for the first draft. It grows when a new draft is there.',
    }),
    drafting: z.boolean().meta({
      description:
        'Whether the model writes a new draft now. Meanwhile `draft` is the last one, and only `reject` is allowed.',
    }),
    tool_call: toolCall.nullable().meta({ description: 'Null: the review is about a reply.' }),
    finish_reason: z
      .enum(FINISH_REASONS)
      .nullable()
      .meta({ description: 'How the draft ended: `length` means that it was cut off. Null: not known.' }),
    stale: z.boolean().meta({
      description: 'Whether the user has sent further messages in the session, so that the draft may be out of date.',
    }),
    claimed_by: z.string().nullable(),
    claimed_until: instant.nullable(),
    deadline: instant,
    decision: z.enum(ENDING_DECISIONS).nullable(),
    reply: z.string().nullable().meta({ description: 'The reply that was delivered to the user.' }),
    arguments: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: 'The arguments that a reviewer put in place of those of the call.' }),
    result: z.unknown().meta({ description: 'The result that a reviewer gave to the call. Null: none.' }),
    note: z.string().nullable(),
    decided_by: z
      .string()
      .nullable()
      .meta({ description: 'Name of the reviewer who decided. Null: no decision yet, or the deadline passed.' }),
    decided_at: instant.nullable(),
    created_at: instant,
  })
  .register(COMPONENTS, { id: 'ListedReview' });

export const reviewPage = pageOf(listed).register(COMPONENTS, { id: 'ReviewPage' });

export const reviewSchema = listed
  .extend({
    history: z.array(message).meta({ description: 'The latest delivered messages of the session, in order.' }),
    pictures: z.array(z.string()).meta({
      description:
        'The pictures of the message, in order: https addresses, which turnkeeper never reads, and data URLs.',
    }),
  })
  .register(COMPONENTS, { id: 'Review' });

/** What the decision gave to the call. */
const decidedJson = ({ decision, kind, decidedValue }: Review) => ({
  arguments:
    kind !== 'reply' && decision === 'edit' ? (valueOf(decidedValue ?? '{}') as Record<string, unknown>) : null,
  result: decision === 'respond' ? valueOf(decidedValue ?? 'null') : null,
});

/** A review of a list as JSON. */
export const listedReviewJson = (review: Review): z.output<typeof listed> => ({
  review_id: review.reviewId,
  kind: review.kind,
  turn_id: review.turnId,
  user_id: review.userId,
  session_id: review.sessionId,
  status: review.status,
  reasons: review.reasons.map(({ rule, detail }) => ({ rule, detail })),
  text: review.text,
  assistant: review.assistant,
  draft: review.draft,
  draft_sha256: review.draft === null ? null : sha256Of(review.draft),
  revision: review.revision,
  drafting: review.drafting !== null,
  tool_call: review.toolCall && toolCallJson(review.toolCall),
  finish_reason: review.finishReason,
  stale: review.stale,
  claimed_by: review.claimedBy,
  claimed_until: review.claimedUntil?.toISOString() ?? null,
  deadline: review.deadline.toISOString(),
  decision: review.decision,
  reply: review.reply,
  ...decidedJson(review),
  note: review.note,
  decided_by: review.decidedBy,
  decided_at: review.decidedAt?.toISOString() ?? null,
  created_at: review.createdAt.toISOString(),
});

/** What a reviewer sees besides the review. */
export interface ReviewContext {
  /** The latest messages of the session. */
  readonly history: readonly ConversationRow[];
  readonly pictures: readonly Picture[];
}

/** A review and its context as JSON. */
export const reviewJson = (review: Review, { history, pictures }: ReviewContext): z.output<typeof reviewSchema> => ({
  ...listedReviewJson(review),
  history: history.map(messageJson),
  pictures: pictures.map(urlOf),
});

export const reviewEvents = z
  .object({
    items: z.array(
      z.object({
        at: instant,
        who: z.string().nullable().meta({ description: 'Name of the reviewer. Null: turnkeeper.' }),
        what: z.string().meta({
          description:
            '`requested`, `claimed`, `released`; `revise_requested`, then `revised` with the last draft in `original` and the new one in `edit`, or `revise_failed` with the error in `note`; or the status in which the review ended.',
        }),
        reasons: z.array(reason).nullable(),
        original: z.string().nullable(),
        edit: z.string().nullable(),
        note: z.string().nullable(),
      }),
    ),
  })
  .register(COMPONENTS, { id: 'ReviewEvents' });

export const reviewEventsJson = (events: readonly ReviewEvent[]) => ({
  items: events.map((event) => ({ ...event, at: event.at.toISOString() })),
});
