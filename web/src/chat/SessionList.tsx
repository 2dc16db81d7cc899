import { Badge } from '../parts/Badge.tsx';
import { LoadingPlaceholder } from '../parts/LoadingPlaceholder.tsx';
import { Moment } from '../parts/Moment.tsx';
import { UserPicker } from './UserPicker.tsx';
import type { UserTurns } from './user-turns.ts';

interface Props {
  readonly turns: UserTurns;
  readonly current: string | null;
  readonly fixedUser: boolean;
  readonly onOpen: (sessionId: string | null) => void;
  readonly onUser: (userId: string) => void;
}

/** The user's sessions, newest first. */
export function SessionList({ turns, current, fixedUser, onOpen, onUser }: Props) {
  const sessions = turns.sessions.value;
  return (
    <aside class="column sessions" aria-label="Sessions">
      <UserPicker userId={turns.userId} fixed={fixedUser} onUser={onUser} />
      <button type="button" class="new-session" onClick={() => onOpen(null)}>
        New session
      </button>
      {turns.loading.value && turns.error.value === null ? (
        <LoadingPlaceholder lines={5} what="sessions" />
      ) : (
        <ul class="session-list">
          {sessions.map(({ sessionId, title, lastAt, held }) => (
            <li key={sessionId}>
              <button
                type="button"
                class="quiet session"
                aria-current={sessionId === current ? 'true' : undefined}
                onClick={() => onOpen(sessionId)}
              >
                <span class="one-line">{title}</span>
                <span class="soft small">
                  <Moment at={lastAt} /> {held && <Badge tone="warn">held for review</Badge>}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {!turns.loading.value && sessions.length === 0 && <p class="soft small">No sessions yet.</p>}
      {turns.earlier.value !== null && (
        <button type="button" class="quiet" onClick={() => void turns.loadEarlier()}>
          Load earlier turns
        </button>
      )}
    </aside>
  );
}
