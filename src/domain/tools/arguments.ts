// The arguments of a call as they are stored: the JSON text of an object, serialised once and used unchanged. Pure.
import { isExactNumber } from '../exact-number.ts';

export type StoredArguments =
  | { readonly text: string }
  /** What is wrong, for the model. */
  | { readonly fault: string };

/** Stops a value that cannot be stored unchanged. */
class Unstorable extends Error {}

/** The arguments that a model wrote. No text at all stands for no arguments. Texts that the database or UTF-8 cannot hold, and
 *  numbers that JSON.parse would change, are faults. */
export function storedArguments(written: string): StoredArguments {
  let value: unknown;
  try {
    value = JSON.parse(written.trim() || '{}', (key: string, part: unknown, context?: { readonly source?: string }) => {
      if (typeof part === 'number' && !isExactNumber(context?.source ?? ''))
        throw new Unstorable(`the number ${context?.source ?? part} of ${key} is not exact: send it as a text`);
      if ([key, part].some((text) => typeof text === 'string' && (text.includes('\0') || !text.isWellFormed())))
        throw new Unstorable('a text has U+0000 or a lone surrogate');
      return part;
    });
  } catch (error) {
    return { fault: error instanceof Unstorable ? error.message : 'the arguments are not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { fault: 'the arguments are not a JSON object' };
  return { text: JSON.stringify(value) };
}

/** The value of a stored result or of stored arguments: JSON, or else text. */
export function valueOf(stored: string): unknown {
  try {
    return JSON.parse(stored);
  } catch {
    return stored;
  }
}

/** A result as it is stored: text as it is, everything else as JSON. JSON in a text is taken for the value that it stands for. */
export function storedResult(value: unknown): string {
  const meant = typeof value === 'string' ? valueOf(value) : value;
  return typeof meant === 'string' && meant === value ? meant : JSON.stringify(meant);
}

/** Whether the database and UTF-8 can hold all texts of a value. */
export const isStorable = (value: unknown): boolean => 'text' in storedArguments(JSON.stringify({ value }));
