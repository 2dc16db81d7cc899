// A query string, read strictly: what would be guessed at elsewhere is a fault here.
import { stepTo } from './faults.ts';
import type { Fault } from './problem.ts';

const ROOT = '/query';

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** The parameters by name; repeated ones and broken escapes become faults. */
export function readQuery(source: string, faults: Fault[]): Record<string, string> {
  const found = new Map<string, string>();
  for (const pair of source.split('&')) {
    if (pair === '') continue;
    const cut = pair.indexOf('=');
    const name = decoded(cut < 0 ? pair : pair.slice(0, cut));
    const value = cut < 0 ? '' : decoded(pair.slice(cut + 1));
    if (name === null) faults.push({ pointer: ROOT, detail: 'is not validly percent-encoded' });
    else if (found.has(name)) faults.push({ pointer: stepTo(ROOT, name), detail: 'must be given once' });
    else if (value === null) faults.push({ pointer: stepTo(ROOT, name), detail: 'is not validly percent-encoded' });
    else found.set(name, value);
  }
  // Not by assignment: a parameter may be called __proto__.
  return Object.fromEntries(found);
}
