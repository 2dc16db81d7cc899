// Where the next page of a list begins: opaque to clients, and never trusted when it comes back.
import { z } from 'zod';
import type { ReviewPosition } from '../domain/review.ts';
import type { DeadLetterPosition, QueueName } from '../domain/topics.ts';

export interface CursorKind<P> {
  readonly schema: z.ZodType<P, string>;
  write(position: P): string;
}

const encode = (text: string): string => Buffer.from(text).toString('base64url');

const LONGEST = 1_200;
const NUMBER = '(?:0|[1-9]\\d{0,14})';
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** Cursors of one list: `kind` and its parts, so that a cursor of another list is refused. */
function cursorOf<P>(
  kind: string,
  parts: readonly string[],
  read: (parts: string[]) => P,
  list: (position: P) => readonly (string | number)[],
): CursorKind<P> {
  const shape = new RegExp(`^${[kind, ...parts].join(':')}$`);
  const write = (position: P) => encode([kind, ...list(position)].join(':'));
  const schema = z.string().transform((cursor, context) => {
    const text = cursor.length > LONGEST ? '' : Buffer.from(cursor, 'base64url').toString('latin1');
    // Decoding is lenient: only what we would write ourselves counts.
    if (shape.test(text) && encode(text) === cursor) return read(text.split(':').slice(1));
    context.addIssue({ code: 'custom', message: 'is not a cursor of this list' });
    return z.NEVER;
  });
  return { schema: schema.meta({ description: '`next_cursor` of the page before.' }), write };
}

/** Turns of a user, newest first: behind this seq. */
export const turnCursor = cursorOf<number>(
  'turns',
  [NUMBER],
  ([seq]) => Number(seq),
  (seq) => [seq],
);

/** Delivered messages of a user, oldest first: behind this message. */
export const messageCursor = cursorOf<{ seq: number; ordinal: number }>(
  'messages',
  [NUMBER, NUMBER],
  ([seq, ordinal]) => ({ seq: Number(seq), ordinal: Number(ordinal) }),
  ({ seq, ordinal }) => [seq, ordinal],
);

/** Webhooks, in the order of their ids: behind this one. */
export const webhookCursor = cursorOf<string>(
  'webhooks',
  [UUID],
  ([webhookId = '']) => webhookId,
  (webhookId) => [webhookId],
);

/** Deliveries of a webhook, newest first: behind this one. */
export const deliveryCursor = cursorOf<{ createdAt: Date; deliveryId: string }>(
  'deliveries',
  [NUMBER, UUID],
  ([createdAt, deliveryId = '']) => ({ createdAt: new Date(Number(createdAt)), deliveryId }),
  ({ createdAt, deliveryId }) => [createdAt.getTime(), deliveryId],
);

/** Reviews, oldest deadline first: behind this review. */
export const reviewCursor = cursorOf<ReviewPosition>(
  'reviews',
  [NUMBER, UUID],
  ([deadline, reviewId = '']) => ({ deadline: new Date(Number(deadline)), reviewId }),
  ({ deadline, reviewId }) => [deadline.getTime(), reviewId],
);

/** Dead letters, newest first: behind this one. Its id is anything that a client of a topic may choose. */
export const deadLetterCursor = cursorOf<DeadLetterPosition>(
  'dead-letters',
  [NUMBER, '[a-z-]{1,50}', '[A-Za-z0-9_-]{1,700}'],
  ([failedAt, topic = '', jobId = '']) => ({
    failedAt: new Date(Number(failedAt)),
    topic: topic as QueueName,
    jobId: Buffer.from(jobId, 'base64url').toString(),
  }),
  ({ failedAt, topic, jobId }) => [failedAt.getTime(), topic, encode(jobId)],
);

/** Cuts one page out of rows of which one more than `limit` was asked for. */
export function page<T>(
  rows: readonly T[],
  limit: number,
  cursorAt: (last: T) => string,
): { items: readonly T[]; next: string | null } {
  if (rows.length <= limit) return { items: rows, next: null };
  const items = rows.slice(0, limit);
  return { items, next: cursorAt(items.at(-1)!) };
}
