// Detects values of a body that cannot be stored unchanged. Text: PostgreSQL does not store U+0000, and UTF-8 cannot encode
// a lone surrogate. Numbers: JSON.parse rounds them to 64 bits.
import { isExactNumber, mayHaveInexactNumber } from '../domain/exact-number.ts';
import { stepTo } from './faults.ts';
import type { Fault } from './problem.ts';

/** More levels than any valid body has. The schemas reject deeper values, and walking them could overflow the stack. */
const MAX_DEPTH = 32;

/** The error message for a string that cannot be stored, or null. */
export function textFault(text: string): string | null {
  if (text.includes('\0')) return 'must not contain U+0000';
  return text.isWellFormed() ? null : 'must not contain a lone surrogate';
}

/** Stands for a number that cannot be stored unchanged. */
const INEXACT = Symbol('inexact number');

/** The value of a JSON text, with `INEXACT` in place of such numbers. */
const withInexactNumbers = (source: string): unknown =>
  JSON.parse(source, (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && !isExactNumber(context?.source ?? '') ? INEXACT : value,
  );

function walk(value: unknown, pointer: string, depth: number, faults: Fault[]): void {
  if (value === INEXACT) {
    faults.push({ pointer, detail: 'is a number that cannot be stored unchanged: send it as a string' });
    return;
  }
  if (typeof value === 'string') {
    const detail = textFault(value);
    if (detail) faults.push({ pointer, detail });
    return;
  }
  if (value === null || typeof value !== 'object' || depth > MAX_DEPTH) return;
  for (const [key, part] of Object.entries(value)) {
    const keyFault = textFault(key);
    // The pointer does not contain the key, which could not be displayed.
    if (keyFault) faults.push({ pointer, detail: `has a key that ${keyFault}` });
    // JSON.parse creates an ordinary key, but code that copies the object key by key would set a prototype.
    else if (key === '__proto__') faults.push({ pointer: stepTo(pointer, key), detail: 'is not a known field' });
    else walk(part, stepTo(pointer, key), depth + 1, faults);
  }
}

/** More levels than any client sends. The body is also serialised as a whole, for its hash. */
const MAX_UNCHECKED_DEPTH = 500;

const partsOf = (value: unknown): unknown[] =>
  value !== null && typeof value === 'object' ? Object.values(value) : [];

/** Whether a value has more levels than this. Not recursive, because the value may have any number of levels. */
function isDeeper(value: unknown, levels: number): boolean {
  let parts = [value];
  for (let depth = 0; depth <= levels && parts.length > 0; depth += 1) parts = parts.flatMap(partsOf);
  return parts.length > 0;
}

/** The members of a body that are stored. Null: all. */
export type StoredMembers = readonly string[] | null;

const storedPart = (body: unknown, members: StoredMembers): unknown =>
  members === null || body === null || typeof body !== 'object'
    ? body
    : Object.fromEntries(Object.entries(body).filter(([name]) => members.includes(name)));

/** The faults of all strings, numbers and keys that are stored. `source` is the JSON text of the body. Invalid text can
 *  only come from a `\u` escape, so for nearly every body a few substring searches are enough. */
export function unstorableParts(body: unknown, source: string, members: StoredMembers): Fault[] {
  const faults: Fault[] = [];
  if (members !== null && isDeeper(body, MAX_UNCHECKED_DEPTH))
    return [{ pointer: '', detail: `must not be nested deeper than ${MAX_UNCHECKED_DEPTH} levels` }];
  const inexact = mayHaveInexactNumber(source);
  if (inexact || source.includes('\\u') || source.includes('__proto__'))
    walk(storedPart(inexact ? withInexactNumbers(source) : body, members), '', 0, faults);
  return faults;
}
