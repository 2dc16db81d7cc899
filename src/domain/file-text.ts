// The text of a file of the operator, such as the review policy.
import { readFileSync } from 'node:fs';

/** The content of a file; null: it cannot be read, for the reason in `fault`. */
export type FileText = { readonly text: string } | { readonly text: null; readonly fault: string };

export const unreadable = (error: unknown): FileText => ({
  text: null,
  fault: `it cannot be read: ${(error as Error).message}`,
});

/** Reads a file when the process starts. */
export function readFileText(path: string): FileText {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return unreadable(error);
  }
}

/** The JSON value in the text, or why there is none. */
export function jsonIn(read: FileText): { readonly content: unknown } | { readonly fault: string } {
  if (read.text === null) return { fault: read.fault };
  let hasPrototype = false;
  try {
    // Some editors write a byte order mark.
    const content: unknown = JSON.parse(read.text.replace(/^\uFEFF/, ''), (name, value: unknown) => {
      // It would be ignored without a word.
      hasPrototype ||= name === '__proto__';
      return value;
    });
    return hasPrototype ? { fault: 'a member has the name __proto__' } : { content };
  } catch (error) {
    return { fault: `it is not JSON: ${(error as Error).message}` };
  }
}
