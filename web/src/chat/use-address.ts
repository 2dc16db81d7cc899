import { useEffect, useState } from 'preact/hooks';

const STORAGE_KEY = 'turnkeeper.user';
const FIRST_USER = 'guest';

export interface ChatAddress {
  readonly userId: string;
  /** Null: a new session. */
  readonly sessionId: string | null;
}

function read(): ChatAddress {
  const userId = new URLSearchParams(location.search).get('user') ?? localStorage.getItem(STORAGE_KEY) ?? FIRST_USER;
  return { userId, sessionId: location.hash.slice(1) || null };
}

/** The user and session that the page shows. They are in the address, so that reloads and links keep them. `own`: the
 *  only user that the caller may chat as; null: any. */
export function useAddress(own: string | null): [ChatAddress, (to: ChatAddress) => void] {
  const [address, setAddress] = useState(read);
  useEffect(() => {
    const changed = (): void => setAddress(read());
    addEventListener('hashchange', changed);
    addEventListener('popstate', changed);
    return () => {
      removeEventListener('hashchange', changed);
      removeEventListener('popstate', changed);
    };
  }, []);
  const navigate = (to: ChatAddress): void => {
    const query = own === null ? `?user=${encodeURIComponent(to.userId)}` : '';
    history.pushState(null, '', `/${query}${to.sessionId === null ? '' : `#${to.sessionId}`}`);
    if (own === null) localStorage.setItem(STORAGE_KEY, to.userId);
    setAddress(to);
  };
  return [own === null ? address : { ...address, userId: own }, navigate];
}
