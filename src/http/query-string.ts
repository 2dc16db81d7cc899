// Parses a query string strictly: repeated parameters and invalid escapes are errors. Only a parameter whose name ends with
// [] is a list and may be repeated.
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

/** The parameters by name; a list as its values with commas between them. Adds a fault for each repeated parameter and each invalid escape. */
export function readQuery(source: string, faults: Fault[]): Record<string, string> {
  const found = new Map<string, string>();
  for (const pair of source.split('&')) {
    if (pair === '') continue;
    const cut = pair.indexOf('=');
    const name = decoded(cut < 0 ? pair : pair.slice(0, cut));
    const value = cut < 0 ? '' : decoded(pair.slice(cut + 1));
    if (name === null) faults.push({ pointer: ROOT, detail: 'has an invalid percent-encoding' });
    else if (found.has(name) && !name.endsWith('[]'))
      faults.push({ pointer: stepTo(ROOT, name), detail: 'must not be repeated' });
    else if (value === null) faults.push({ pointer: stepTo(ROOT, name), detail: 'has an invalid percent-encoding' });
    else found.set(name, [...(found.has(name) ? [found.get(name)!] : []), value].join(','));
  }
  // Not by assignment, because a parameter can have the name __proto__.
  return Object.fromEntries(found);
}
