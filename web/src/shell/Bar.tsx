import { PAGES, signOut, type PageName } from '../api/session.ts';
import type { Session } from '../api/types.ts';
import icon from '../../favicon.svg';

/** The top bar: the pages that the caller may open, and the name of the caller. */
export const Bar = ({ page, session }: { readonly page: PageName; readonly session: Session | null }) => (
  <header class="bar">
    <span class="brand">
      <img src={icon} alt="" />
      turnkeeper
    </span>
    {session && (
      <>
        <nav class="places" aria-label="Main">
          {Object.entries(PAGES)
            .filter(([, { roles }]) => roles.includes(session.role))
            .map(([name, { href, title }]) => (
              <a key={name} href={href} aria-current={name === page ? 'page' : undefined}>
                {title}
              </a>
            ))}
        </nav>
        <div class="who">
          <span class="soft">{session.auth === 'none' ? 'Authentication off' : session.name}</span>
          {session.auth !== 'none' && (
            <button type="button" class="quiet" onClick={() => void signOut()}>
              Sign out
            </button>
          )}
        </div>
      </>
    )}
  </header>
);
