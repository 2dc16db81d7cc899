import { useEffect, useState } from 'preact/hooks';

const KEPT = 'turnkeeper.user';
const FIRST_USER = 'guest';

export interface ChatAddress {
  readonly userId: string;
  /** Null: a session that has not begun. */
  readonly sessionId: string | null;
}

function read(): ChatAddress {
  const userId = new URLSearchParams(location.search).get('user') ?? localStorage.getItem(KEPT) ?? FIRST_USER;
  return { userId, sessionId: location.hash.slice(1) || null };
}

/** Which user and session the page shows: kept in the address, so that a reload and a link come back to it. `own`: the
 *  only user that this person may be. */
export function useAddress(own: string | null): [ChatAddress, (to: ChatAddress) => void] {
  const [address, setAddress] = useState(read);
  useEffect(() => {
    const heard = (): void => setAddress(read());
    addEventListener('hashchange', heard);
    addEventListener('popstate', heard);
    return () => {
      removeEventListener('hashchange', heard);
      removeEventListener('popstate', heard);
    };
  }, []);
  const go = (to: ChatAddress): void => {
    const query = own === null ? `?user=${encodeURIComponent(to.userId)}` : '';
    history.pushState(null, '', `/${query}${to.sessionId === null ? '' : `#${to.sessionId}`}`);
    if (own === null) localStorage.setItem(KEPT, to.userId);
    setAddress(to);
  };
  return [own === null ? address : { ...address, userId: own }, go];
}
