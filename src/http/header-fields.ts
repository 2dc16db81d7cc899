// Schemas of request headers.
import { z } from 'zod';

const MAX_KEY_LENGTH = 255;
/** A structured-field string (RFC 8941): quoted, with \" and \\ escaped. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x7e][\x20-\x7e]*$/;

function readKey(value: string): string | null {
  const quoted = QUOTED.exec(value);
  if (quoted) return quoted[1]!.replaceAll(/\\(["\\])/g, '$1');
  return BARE.test(value) ? value : null;
}

/** The Idempotency-Key without quotes. Clients may send it quoted (as in the IETF draft) or bare (as most clients do). */
export const idempotencyKey = z
  .string()
  .transform((value, context) => {
    const key = readKey(value.trim());
    if (key !== null && key.length >= 1 && key.length <= MAX_KEY_LENGTH) return key;
    context.addIssue({
      code: 'custom',
      message: `must be 1 to ${MAX_KEY_LENGTH} printable ASCII characters, bare or as a quoted string`,
    });
    return z.NEVER;
  })
  .meta({
    description:
      'A repeated request with the same key and the same body returns the same turn. The same key with another body is answered 422.',
    maxLength: MAX_KEY_LENGTH,
    examples: ['8e03978e-40d5-43e8-bc93-6894a57f9324'],
  });

export const MAX_WAIT_S = 60;

/** The seconds of `wait=N` in a Prefer header (RFC 7240), or null. As the RFC requires, unknown preferences are ignored
 *  and the first of two equal preferences applies. */
export const preferredWait = z
  .string()
  .transform((value, context) => {
    const wait = value
      .split(',')
      .map((preference) => preference.split(';')[0]!.split('='))
      .find(([name]) => name!.trim().toLowerCase() === 'wait');
    if (!wait) return null;
    const seconds = (wait[1] ?? '').trim().replace(/^"(.*)"$/, '$1');
    if (/^\d{1,3}$/.test(seconds) && Number(seconds) <= MAX_WAIT_S) return Number(seconds);
    context.addIssue({ code: 'custom', message: `wait must be whole seconds from 0 to ${MAX_WAIT_S}` });
    return z.NEVER;
  })
  .meta({
    description:
      '`wait=N`: respond when the turn is final or awaiting review, at the latest after N seconds (at most 60).',
    examples: ['wait=30'],
  });

/** For the documentation only: the router evaluates If-None-Match for every response with an ETag. */
export const ifNoneMatch = z.string().optional();
