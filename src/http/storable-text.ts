// Detects text that cannot be stored: PostgreSQL does not store U+0000, and UTF-8 cannot encode a lone surrogate.
import { stepTo } from './faults.ts';
import type { Fault } from './problem.ts';

/** More levels than any valid body has. The schemas reject deeper values, and walking them could overflow the stack. */
const MAX_DEPTH = 32;

/** The error message for a string that cannot be stored, or null. */
export function textFault(text: string): string | null {
  if (text.includes('\0')) return 'must not contain U+0000';
  return text.isWellFormed() ? null : 'must not contain a lone surrogate';
}

function walk(value: unknown, pointer: string, depth: number, faults: Fault[]): void {
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

/** The faults of all strings and keys in a parsed body. `source` is its JSON text. Invalid text can only come from a `\u`
 *  escape, so for nearly every body two substring searches are enough. */
export function unstorableParts(body: unknown, source: string): Fault[] {
  const faults: Fault[] = [];
  if (source.includes('\\u') || source.includes('__proto__')) walk(body, '', 0, faults);
  return faults;
}
