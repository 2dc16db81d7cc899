// Request headers with a grammar of their own, and those that are documented but answered by the router.
import { z } from 'zod';

const LONGEST_KEY = 255;
/** A structured-field string (RFC 8941): quoted, with \" and \\ escaped. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x7e][\x20-\x7e]*$/;

function readKey(value: string): string | null {
  const quoted = QUOTED.exec(value);
  if (quoted) return quoted[1]!.replaceAll(/\\(["\\])/g, '$1');
  return BARE.test(value) ? value : null;
}

/** The key itself, whether it came quoted (as the IETF draft has it) or bare (as most clients do). */
export const idempotencyKey = z
  .string()
  .transform((value, context) => {
    const key = readKey(value.trim());
    if (key !== null && key.length >= 1 && key.length <= LONGEST_KEY) return key;
    context.addIssue({
      code: 'custom',
      message: `must be 1 to ${LONGEST_KEY} printable ASCII characters, bare or as a quoted string`,
    });
    return z.NEVER;
  })
  .meta({
    description: 'The same key with the same body gives the same turn; with another body 422.',
    maxLength: LONGEST_KEY,
    examples: ['8e03978e-40d5-43e8-bc93-6894a57f9324'],
  });

export const LONGEST_WAIT_S = 60;

/** `wait=N` of a Prefer header (RFC 7240) in seconds, null without one. Preferences we do not know are left aside, as
 *  the RFC asks; the first of two equal ones counts. */
export const preferredWait = z
  .string()
  .transform((value, context) => {
    const wait = value
      .split(',')
      .map((preference) => preference.split(';')[0]!.split('='))
      .find(([name]) => name!.trim().toLowerCase() === 'wait');
    if (!wait) return null;
    const seconds = (wait[1] ?? '').trim().replace(/^"(.*)"$/, '$1');
    if (/^\d{1,3}$/.test(seconds) && Number(seconds) <= LONGEST_WAIT_S) return Number(seconds);
    context.addIssue({ code: 'custom', message: `wait must be whole seconds from 0 to ${LONGEST_WAIT_S}` });
    return z.NEVER;
  })
  .meta({
    description: '`wait=N`: answer when the turn rests, or after N seconds (at most 60).',
    examples: ['wait=30'],
  });

/** Answered by the router for every answer with an ETag. Here for the documentation. */
export const ifNoneMatch = z.string().optional();
