// Schemas of the fields that several operations share, with the limits of the contract.
import { z } from 'zod';

const USER_ID = /^[A-Za-z0-9._@:-]{1,128}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const WAIT_MAX_S = 60;
const PAGE_MAX = 100;
const PAGE = 50;

export const userId = z
  .string({ error: 'must be a string' })
  .regex(USER_ID, { error: 'must be 1 to 128 of A-Z a-z 0-9 . _ @ : -' });

/** Any UUID, kept in lower case. */
export const uuid = z.string({ error: 'must be a string' }).toLowerCase().regex(UUID, { error: 'must be a UUID' });

export const tag = z.string().min(1).max(64);

const whole = (min: number, max: number) =>
  z
    .string()
    .refine((value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);

/** Seconds to wait for the turn to rest. */
export const waitS = whole(0, WAIT_MAX_S).meta({
  description: `Seconds to wait until the turn rests, at most ${WAIT_MAX_S}.`,
});

export const limit = z
  .string()
  .default(String(PAGE))
  .pipe(whole(1, PAGE_MAX))
  .meta({ description: `Items at most, 1 to ${PAGE_MAX}.` });

/** A cursor: `length` whole numbers, opaque to clients. */
export const cursor = (length: number) =>
  z
    .string()
    .max(200)
    .transform((value, context): number[] => {
      const numbers = Buffer.from(value, 'base64url').toString('utf8').split('.');
      if (numbers.length === length && numbers.every((number) => /^\d{1,15}$/.test(number))) return numbers.map(Number);
      context.addIssue({ code: 'custom', message: 'must be a next_cursor of an earlier answer' });
      return z.NEVER;
    })
    .meta({ description: 'next_cursor of the page before.' });

export const cursorOf = (...numbers: number[]): string => Buffer.from(numbers.join('.')).toString('base64url');

/** A page of `limit` items from one item more than that, with the cursor to the next. */
export function pageOf<T>(
  found: readonly T[],
  limitOf: number,
  cursorOfItem: (item: T) => string,
): { items: T[]; next_cursor: string | null } {
  const items = found.slice(0, limitOf);
  const last = items.at(-1);
  return { items, next_cursor: found.length > limitOf && last !== undefined ? cursorOfItem(last) : null };
}

export const instant = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-01-01T00:00:00Z' })
  .transform((value) => new Date(value));

export const ofUser = z.object({ user_id: userId });
export const nextCursor = z.string().nullable();
export const time = z.iso.datetime().nullable();
