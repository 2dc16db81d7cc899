// The JSON representation of a turn.
import { hash } from 'node:crypto';
import { z } from 'zod';
import { REVIEW_KINDS } from '../../domain/review.ts';
import { callsOf, FINISH_REASONS, TURN_STATUSES, type Turn, type TurnReview } from '../../domain/turn.ts';
import { valueOf } from '../../domain/tools/stored-values.ts';
import { STEP_STATUSES, type StepContent, type TurnStep } from '../../domain/tools/step.ts';
import { COMPONENTS, instant } from '../schemas.ts';

/** The reply of a rejected turn. The rejected draft is never shown to the user. */
const REJECTED_REPLY = 'Message rejected by human reviewer.';

const ref = z.string().meta({ format: 'uri-reference' });
const uuid = z.string().meta({ format: 'uuid' });

const review = z
  .object({
    review_id: uuid,
    kind: z.enum(REVIEW_KINDS),
    status: z.string(),
    reasons: z.array(z.string()).meta({ description: 'Names of the rules that required the review.' }),
    deadline: instant,
    decided_at: instant.nullable(),
    decision: z.string().nullable(),
  })
  .register(COMPONENTS, { id: 'TurnReview' });

const step = z
  .object({
    step: z.int().meta({ description: 'Number of the call within its turn, from 1.' }),
    tool: z.string(),
    status: z.enum(STEP_STATUSES),
    arguments: z.record(z.string(), z.unknown()).optional(),
    result: z.unknown().optional().meta({ description: 'Null: none yet.' }),
    truncated: z.boolean().optional().meta({ description: 'Whether the rest of the result was cut off.' }),
  })
  .register(COMPONENTS, { id: 'TurnStep' });

export const turnSchema = z
  .object({
    turn_id: uuid,
    user_id: z.string(),
    session_id: uuid,
    seq: z.int().meta({ description: 'Sequence number among the turns of the user: starts at 1, without gaps.' }),
    status: z.enum(TURN_STATUSES),
    follows: uuid.nullable().meta({
      description:
        'The delivered turn that this one continues. Null: it starts the session, it is queued and its request named none, or it is older than this member (then it continues the turn before it).',
    }),
    assistant: z
      .string()
      .nullable()
      .meta({ description: 'The assistant that answers. Null: accepted by a version without assistants.' }),
    text: z.string(),
    reply: z.string().nullable().meta({ description: 'Null until the user may see it.' }),
    partial_reply: z.string().nullable(),
    finish_reason: z.enum(FINISH_REASONS).nullable().meta({
      description:
        'How the reply ended: `length` means that the model reached its limit. Null: no reply yet, or not known.',
    }),
    client_calls: z
      .array(z.object({ id: z.string(), name: z.string(), arguments: z.string() }))
      .meta({ description: 'The calls of its own tools that the reply asks a client of `/v1` for.' }),
    metadata: z.looseObject({ session_id: z.string(), timestamp: z.unknown() }),
    tags: z.array(z.string()),
    review: review.nullable(),
    error: z.object({ code: z.string(), detail: z.string() }).nullable(),
    attempts: z.int(),
    usage: z
      .object({ input_tokens: z.int(), output_tokens: z.int() })
      .nullable()
      .meta({ description: 'Null if the model endpoint reported none.' }),
    model: z.string().nullable(),
    steps: z.array(step).meta({
      description:
        'The calls of tools, in order. Arguments and results are shown only to services, reviewers and administrators, by `GET /turns/{turn_id}` and the export.',
    }),
    created_at: instant,
    started_at: instant.nullable(),
    finished_at: instant.nullable(),
    links: z.object({ self: ref, events: ref }),
  })
  .register(COMPONENTS, { id: 'Turn' });

export type TurnJson = z.output<typeof turnSchema>;

export const linkTo = (turnId: string): string => `/turns/${turnId}`;

/** The reply that the user may see. Null: no reply, or not yet. */
export function replyOf({ status, reply }: Pick<Turn, 'status' | 'reply'>): string | null {
  if (status === 'completed') return reply;
  return status === 'rejected' ? REJECTED_REPLY : null;
}

const reviewJson = ({ reviewId, kind, status, reasons, deadline, decision, decidedAt }: TurnReview) => ({
  review_id: reviewId,
  kind,
  status,
  reasons: [...reasons],
  deadline: deadline.toISOString(),
  decided_at: decidedAt?.toISOString() ?? null,
  decision,
});

/** A step as everybody who may see the turn sees it. */
export const stepJson = ({ step: number, tool, status }: TurnStep) => ({ step: number, tool, status });

/** The steps of a turn with their contents. */
export const withContents = (turn: TurnJson, contents: readonly StepContent[]): TurnJson => ({
  ...turn,
  steps: turn.steps.map((each) => {
    const content = contents.find(({ step: number }) => number === each.step);
    if (!content) return each;
    const { arguments: text, result, truncated } = content;
    return {
      ...each,
      arguments: valueOf(text) as Record<string, unknown>,
      result: result === null ? null : valueOf(result),
      truncated,
    };
  }),
});

/** The turn as JSON. */
export function turnJson(turn: Turn): TurnJson {
  const { turnId, metadata, usage, error, createdAt } = turn;
  const accepted = createdAt.toISOString();
  return {
    turn_id: turnId,
    user_id: turn.userId,
    session_id: turn.sessionId,
    seq: turn.seq,
    status: turn.status,
    follows: turn.follows,
    assistant: turn.assistant,
    text: turn.text,
    reply: replyOf(turn) || null,
    partial_reply: turn.partialReply,
    finish_reason: turn.finishReason,
    client_calls: [...callsOf(turn)],
    metadata: { ...metadata, session_id: turn.sessionId, timestamp: metadata['timestamp'] ?? accepted },
    tags: [...turn.tags],
    review: turn.review && reviewJson(turn.review),
    error: error && { code: error.code, detail: error.detail },
    attempts: turn.attempts,
    usage: usage && { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens },
    model: turn.model,
    steps: turn.steps.map(stepJson),
    created_at: accepted,
    started_at: turn.startedAt?.toISOString() ?? null,
    finished_at: turn.finishedAt?.toISOString() ?? null,
    links: { self: linkTo(turnId), events: `${linkTo(turnId)}/events` },
  };
}

/** The strong ETag of a representation. */
export const etagOf = (json: string): string => `"${hash('sha256', json, 'base64url').slice(0, 27)}"`;
