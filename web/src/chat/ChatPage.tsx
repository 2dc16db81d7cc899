import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Session } from '../api/types.ts';
import { Conversation, type Drawer } from './Conversation.tsx';
import { SessionList } from './SessionList.tsx';
import { SidePanel } from './SidePanel.tsx';
import { useAddress } from './use-address.ts';
import { UserTurns } from './user-turns.ts';

/** Chat: a user's sessions, the conversation, and what turnkeeper remembers. */
export function ChatPage({ session }: { readonly session: Session }) {
  const [{ userId, sessionId }, go] = useAddress(session.user_id);
  const [drawer, setDrawer] = useState<Drawer>(null);
  const turns = useMemo(() => new UserTurns(userId), [userId]);
  useEffect(() => () => turns.end(), [turns]);
  useEffect(() => {
    const closed = ({ key }: KeyboardEvent): void => void (key === 'Escape' && setDrawer(null));
    addEventListener('keydown', closed);
    return () => removeEventListener('keydown', closed);
  }, []);
  const open = (to: string | null): void => {
    go({ userId, sessionId: to });
    setDrawer(null);
  };
  return (
    <div class="chat" data-drawer={drawer}>
      <SessionList
        turns={turns}
        current={sessionId}
        fixedUser={session.user_id !== null}
        onOpen={open}
        onUser={(id) => go({ userId: id, sessionId: null })}
      />
      <Conversation
        key={userId}
        turns={turns}
        sessionId={sessionId}
        onSession={open}
        drawer={drawer}
        onDrawer={setDrawer}
      />
      <SidePanel userId={userId} turns={turns} onOpen={open} />
    </div>
  );
}
