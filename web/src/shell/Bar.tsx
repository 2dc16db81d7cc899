import { PLACES, signOut, type Place } from '../api/session.ts';
import type { Session } from '../api/types.ts';
import icon from '../../favicon.svg';

/** The bar on top: the places this person may be at, and who they are. */
export const Bar = ({ place, session }: { readonly place: Place; readonly session: Session | null }) => (
  <header class="bar">
    <span class="brand">
      <img src={icon} alt="" />
      turnkeeper
    </span>
    {session && (
      <>
        <nav class="places" aria-label="Places">
          {Object.entries(PLACES)
            .filter(([, { roles }]) => roles.includes(session.role))
            .map(([name, { href, title }]) => (
              <a key={name} href={href} aria-current={name === place ? 'page' : undefined}>
                {title}
              </a>
            ))}
        </nav>
        <div class="who">
          <span class="soft">{session.auth === 'none' ? 'open to this machine' : session.name}</span>
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
