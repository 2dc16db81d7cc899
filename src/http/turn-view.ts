// The turn as clients see it.
import { z } from 'zod';
import { TURN_STATUSES, type Turn } from '../turns/turn.ts';
import { time, userId, uuid } from './fields.ts';

export const turnSchema = z
  .object({
    turn_id: uuid,
    user_id: userId,
    session_id: uuid,
    seq: z.int().meta({ description: "Place among the user's turns, from 1." }),
    status: z.enum(TURN_STATUSES),
    text: z.string(),
    reply: z.string().nullable().meta({ description: 'There only when the user may see it.' }),
    partial_reply: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    tags: z.array(z.string()),
    review: z.null(),
    error: z.object({ code: z.string(), detail: z.string() }).nullable(),
    attempts: z.int().meta({ description: 'Attempts at the model that were begun.' }),
    usage: z.object({ input_tokens: z.int(), output_tokens: z.int() }).nullable(),
    model: z.string().nullable(),
    created_at: time,
    started_at: time,
    finished_at: time,
    links: z.object({ self: z.string(), events: z.string() }),
  })
  .meta({ id: 'Turn' });

const VISIBLE = new Set(['completed', 'rejected']);

export function turnView(turn: Turn): z.input<typeof turnSchema> {
  const self = `/turns/${turn.turnId}`;
  return {
    turn_id: turn.turnId,
    user_id: turn.userId,
    session_id: turn.sessionId,
    seq: turn.seq,
    status: turn.status,
    text: turn.text,
    reply: VISIBLE.has(turn.status) ? turn.reply : null,
    partial_reply: turn.partialReply,
    metadata: turn.metadata,
    tags: [...turn.tags],
    review: null,
    error: turn.error,
    attempts: turn.attempts,
    usage: turn.usage && { input_tokens: turn.usage.inputTokens, output_tokens: turn.usage.outputTokens },
    model: turn.model,
    created_at: turn.createdAt.toISOString(),
    started_at: turn.startedAt?.toISOString() ?? null,
    finished_at: turn.finishedAt?.toISOString() ?? null,
    links: { self, events: `${self}/events` },
  };
}
