// Arguments and results as they are stored: each is serialised once and used unchanged. Pure.

export type StoredArguments =
  | { readonly text: string }
  /** What is wrong, for the model. */
  | { readonly fault: string };

/** Whether the database and UTF-8 can hold a text. */
const isStorableText = (text: unknown): boolean =>
  typeof text !== 'string' || (!text.includes('\0') && text.isWellFormed());

/** Stops at a text that cannot be stored. */
class Unstorable extends Error {}

/** The arguments that a model wrote, as the JSON text of an object. No text at all stands for no arguments. */
export function storedArguments(written: string): StoredArguments {
  let value: unknown;
  try {
    value = JSON.parse(written.trim() || '{}', (key: string, part: unknown) => {
      if (!isStorableText(key) || !isStorableText(part)) throw new Unstorable();
      return part;
    });
  } catch (error) {
    if (error instanceof Unstorable) return { fault: 'The arguments have U+0000 or a lone surrogate.' };
    return { fault: 'The arguments are not JSON.' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { fault: 'The arguments are not a JSON object.' };
  return { text: JSON.stringify(value) };
}

/** Whether all texts of a value can be stored. */
export const isStorable = (value: unknown): boolean => 'text' in storedArguments(JSON.stringify({ value }));

/** The value of a stored result or of stored arguments: JSON, or else text. */
export function valueOf(stored: string): unknown {
  try {
    return JSON.parse(stored);
  } catch {
    return stored;
  }
}

/** A result as it is stored, so that `valueOf` returns it: text as it is, everything else as JSON, and text that would be read as
 *  JSON too. */
export const storedResult = (value: unknown): string =>
  typeof value === 'string' && valueOf(value) === value ? value : JSON.stringify(value);
