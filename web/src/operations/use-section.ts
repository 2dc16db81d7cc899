import { useEffect, useState } from 'preact/hooks';

export type Section =
  | { readonly name: 'overview' }
  | { readonly name: 'dead-letters' }
  | { readonly name: 'users'; readonly userId: string | null };

function read(): Section {
  const [, name, id] = location.hash.split('/');
  if (name === 'dead-letters') return { name };
  if (name === 'users') return { name, userId: id ? decodeURIComponent(id) : null };
  return { name: 'overview' };
}

/** The link to a section. Sections are in the address, so that links and the browser's history work. */
export const hrefOf = (name: Section['name'], userId?: string): string =>
  `#/${name}${userId === undefined ? '' : `/${encodeURIComponent(userId)}`}`;

/** The section in the address. */
export function useSection(): Section {
  const [section, setSection] = useState(read);
  useEffect(() => {
    const changed = (): void => setSection(read());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return section;
}
