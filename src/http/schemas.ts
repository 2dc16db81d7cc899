// Schemas that several operations share. Registered schemas are components of the OpenAPI document.
import { z } from 'zod';
import { MESSAGE_LIMITS, USER_ID, USER_ID_RULE, UUID } from '../domain/limits.ts';
import { textFault } from './storable-json.ts';

/** The component names of the OpenAPI document. */
export const COMPONENTS = z.registry<{ id: string }>();

export const userId = z
  .string()
  .regex(USER_ID, { error: `must be ${USER_ID_RULE}` })
  .meta({ description: 'Id of a user. The turns of a user run one at a time.', examples: ['alice'] });

export const sessionId = z
  .string()
  .regex(UUID, { error: 'must be a UUID' })
  .toLowerCase()
  .meta({
    format: 'uuid',
    description: 'Id of a session (one conversation).',
    examples: ['3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11'],
  });

/** A string that can be stored, of `min` to `max` characters (code points, as in JSON Schema). */
export const storableText = (min: number, max: number) =>
  z
    .string()
    .check(({ value, issues }) => {
      const fault = lengthFault(value, min, max) ?? textFault(value);
      if (fault) issues.push({ code: 'custom', message: fault, input: value });
    })
    .meta({ minLength: min, maxLength: max });

function lengthFault(value: string, min: number, max: number): string | null {
  if (value.length < min) return min === 1 ? 'must not be empty' : `must have at least ${min} characters`;
  if (value.length <= max) return null;
  // A character outside the Basic Multilingual Plane has length 2: count characters only if that matters.
  const tooLong = value.length > 2 * max || Array.from(value).length > max;
  return tooLong ? `must have at most ${max} characters` : null;
}

export const tag = storableText(1, MESSAGE_LIMITS.tagCharacters);

/** A time as ISO 8601 text, in responses. */
export const instant = z.string().meta({ format: 'date-time' });

const DATE_ONLY = /^\d{4}-\d{2}-\d{2}$/;
const isMoment = (text: string): boolean =>
  z.iso.datetime({ offset: true }).safeParse(text).success ||
  (DATE_ONLY.test(text) && z.iso.date().safeParse(text).success);

/** A time in a query: ISO 8601 with an offset or Z, or a date, which means 00:00 UTC of that day. */
export const moment = z
  .string()
  .refine(isMoment, { error: 'must be an ISO 8601 time with an offset, or a date' })
  .transform((text) => new Date(text))
  .meta({ examples: ['2026-01-01T00:00:00Z'] });

/** An integer in a query. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number)
    .meta({ type: 'integer', minimum: min, maximum: max });

/** The size of a page. */
export const limitUpTo = (max: number, usual: number) =>
  wholeNumber(1, max).default(usual).meta({ description: 'Maximum number of items in the page.', default: usual });

export const limit = limitUpTo(100, 50);

export const nextCursor = z
  .string()
  .nullable()
  .meta({ description: 'The value of `cursor` for the next page. Null: this is the last page.' });

/** One page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next_cursor: nextCursor });

export const fault = z
  .object({
    pointer: z.string().meta({ description: 'JSON Pointer into the body, or /path/…, /query/…, /header/….' }),
    detail: z.string(),
  })
  .register(COMPONENTS, { id: 'Fault' });

export const problem = z
  .object({
    type: z.string().meta({ format: 'uri-reference' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'A stable error code. The list is at /docs/errors.' }),
    errors: z.array(fault).optional(),
  })
  .register(COMPONENTS, { id: 'Problem' });
