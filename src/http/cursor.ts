// Cursors of lists: opaque to clients, and validated when a client sends one back.
import { z } from 'zod';
import type { ConversationPosition } from '../domain/conversation.ts';
import { UUID_PATTERN as UUID } from '../domain/limits.ts';
import type { ReviewPosition } from '../domain/review.ts';
import type { DeadLetterPosition, QueueName } from '../domain/topics.ts';

export interface CursorKind<P> {
  readonly schema: z.ZodType<P, string>;
  write(position: P): string;
}

const encode = (text: string): string => Buffer.from(text).toString('base64url');

const MAX_LENGTH = 1_200;
const NUMBER = '(?:0|[1-9]\\d{0,14})';

/** The cursors of one list. A cursor contains its `kind`, so that a cursor of another list is rejected. */
function cursorOf<P>(
  kind: string,
  parts: readonly string[],
  read: (parts: string[]) => P,
  list: (position: P) => readonly (string | number)[],
): CursorKind<P> {
  const shape = new RegExp(`^${[kind, ...parts].join(':')}$`);
  const write = (position: P) => encode([kind, ...list(position)].join(':'));
  const schema = z.string().transform((cursor, context) => {
    const text = cursor.length > MAX_LENGTH ? '' : Buffer.from(cursor, 'base64url').toString('latin1');
    // Base64 decoding is lenient: accept only what `write` would return.
    if (shape.test(text) && encode(text) === cursor) return read(text.split(':').slice(1));
    context.addIssue({ code: 'custom', message: 'is not a cursor of this list' });
    return z.NEVER;
  });
  return { schema: schema.meta({ description: '`next_cursor` of the previous page.' }), write };
}

/** Turns of a user, newest first: continues after this seq. */
export const turnCursor = cursorOf<number>(
  'turns',
  [NUMBER],
  ([seq]) => Number(seq),
  (seq) => [seq],
);

/** Delivered messages of a user, oldest first: continues after this message. */
export const messageCursor = cursorOf<ConversationPosition>(
  'messages',
  [NUMBER, '[01]'],
  ([seq, ordinal]) => ({ seq: Number(seq), ordinal: Number(ordinal) }),
  ({ seq, ordinal }) => [seq, ordinal],
);

/** A message of one branch of a session. */
interface BranchPosition extends ConversationPosition {
  /** A turn of the branch. Undefined in cursors of older versions: the newest branch. */
  readonly branch: string | undefined;
}

/** Delivered messages of one branch of a session, oldest first: continues after this message in the same branch, also if
 *  another one is the newest by then. */
export const sessionCursor = cursorOf<BranchPosition>(
  'session',
  [NUMBER, `[01](?::${UUID})?`],
  ([seq, ordinal, branch]) => ({ seq: Number(seq), ordinal: Number(ordinal), branch }),
  ({ seq, ordinal, branch }) => [seq, ordinal, ...(branch === undefined ? [] : [branch])],
);

/** Webhooks in the order of their ids: continues after this id. */
export const webhookCursor = cursorOf<string>(
  'webhooks',
  [UUID],
  ([webhookId = '']) => webhookId,
  (webhookId) => [webhookId],
);

/** Deliveries of a webhook, newest first: continues after this delivery. */
export const deliveryCursor = cursorOf<{ createdAt: Date; deliveryId: string }>(
  'deliveries',
  [NUMBER, UUID],
  ([createdAt, deliveryId = '']) => ({ createdAt: new Date(Number(createdAt)), deliveryId }),
  ({ createdAt, deliveryId }) => [createdAt.getTime(), deliveryId],
);

/** Reviews, earliest deadline first: continues after this review. */
export const reviewCursor = cursorOf<ReviewPosition>(
  'reviews',
  [NUMBER, UUID],
  ([deadline, reviewId = '']) => ({ deadline: new Date(Number(deadline)), reviewId }),
  ({ deadline, reviewId }) => [deadline.getTime(), reviewId],
);

/** Dead letters, newest first: continues after this one. Producers choose job ids, so an id can be any string. */
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

/** Returns one page of `rows`, which were queried with `limit + 1`. `next`: null on the last page. */
export function page<T>(
  rows: readonly T[],
  limit: number,
  cursorAt: (last: T) => string,
): { items: readonly T[]; next: string | null } {
  if (rows.length <= limit) return { items: rows, next: null };
  const items = rows.slice(0, limit);
  return { items, next: cursorAt(items.at(-1)!) };
}
