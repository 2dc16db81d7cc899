// Where the next page of a list begins: opaque to clients, and never trusted when it comes back.
import { z } from 'zod';

export interface CursorKind<P> {
  readonly schema: z.ZodType<P, string>;
  write(position: P): string;
}

const encode = (text: string): string => Buffer.from(text).toString('base64url');

/** Cursors of one list: `kind` and `numbers` positive whole numbers, so that a cursor of another list is refused. */
function cursorOf<P>(
  kind: string,
  numbers: number,
  read: (numbers: number[]) => P,
  list: (position: P) => number[],
): CursorKind<P> {
  const shape = new RegExp(`^${kind}(:(0|[1-9]\\d{0,14})){${numbers}}$`);
  const write = (position: P) => encode([kind, ...list(position)].join(':'));
  const schema = z.string().transform((cursor, context) => {
    const text = cursor.length > 100 ? '' : Buffer.from(cursor, 'base64url').toString('latin1');
    // Decoding is lenient: only what we would write ourselves counts.
    if (shape.test(text) && encode(text) === cursor) return read(text.split(':').slice(1).map(Number));
    context.addIssue({ code: 'custom', message: 'is not a cursor of this list' });
    return z.NEVER;
  });
  return { schema: schema.meta({ description: '`next_cursor` of the page before.' }), write };
}

/** Turns of a user, newest first: behind this seq. */
export const turnCursor = cursorOf<number>(
  'turns',
  1,
  ([seq = 0]) => seq,
  (seq) => [seq],
);

/** Delivered messages of a user, oldest first: behind this message. */
export const messageCursor = cursorOf<{ seq: number; ordinal: number }>(
  'messages',
  2,
  ([seq = 0, ordinal = 0]) => ({ seq, ordinal }),
  ({ seq, ordinal }) => [seq, ordinal],
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
