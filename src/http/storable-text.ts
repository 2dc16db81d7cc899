// Text that cannot be kept: PostgreSQL stores no U+0000, and a lone surrogate is no character in UTF-8 at all.
import { stepTo } from './faults.ts';
import type { Fault } from './problem.ts';

/** Deeper than any body may be: deeper parts are refused by the schemas, and walking them could exhaust the stack. */
const DEEPEST = 32;

/** What is wrong with a string, or null. */
export function textFault(text: string): string | null {
  if (text.includes('\0')) return 'must not contain U+0000';
  return text.isWellFormed() ? null : 'must not contain half a surrogate pair';
}

function walk(value: unknown, pointer: string, depth: number, faults: Fault[]): void {
  if (typeof value === 'string') {
    const detail = textFault(value);
    if (detail) faults.push({ pointer, detail });
    return;
  }
  if (value === null || typeof value !== 'object' || depth > DEEPEST) return;
  for (const [key, part] of Object.entries(value)) {
    const keyFault = textFault(key);
    // The key itself is not repeated: it could not be shown.
    if (keyFault) faults.push({ pointer, detail: `has a key that ${keyFault}` });
    // JSON.parse makes it an ordinary key, but code further on that copies objects key by key would set a prototype.
    else if (key === '__proto__') faults.push({ pointer: stepTo(pointer, key), detail: 'is not a known field' });
    else walk(part, stepTo(pointer, key), depth + 1, faults);
  }
}

/** Faults of all strings and keys of a parsed body. `source` is its JSON text: unsound text can only have come from a
 *  `\u` escape, so that nearly every body is cleared by one search. */
export function unstorableParts(body: unknown, source: string): Fault[] {
  const faults: Fault[] = [];
  if (source.includes('\\u') || source.includes('__proto__')) walk(body, '', 0, faults);
  return faults;
}
