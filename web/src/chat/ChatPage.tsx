import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Session } from '../api/types.ts';
import { Conversation, type Drawer } from './Conversation.tsx';
import { SessionList } from './SessionList.tsx';
import { SidePanel } from './SidePanel.tsx';
import { useAddress } from './use-address.ts';
import { UserTurns } from './user-turns.ts';

/** The chat page: a user's sessions, one conversation, memory and history. */
export function ChatPage({ session }: { readonly session: Session }) {
  const [{ userId, sessionId }, navigate] = useAddress(session.user_id);
  const [drawer, setDrawer] = useState<Drawer>(null);
  const turns = useMemo(() => new UserTurns(userId), [userId]);
  useEffect(() => () => turns.stop(), [turns]);
  useEffect(() => {
    const closeOnEscape = ({ key }: KeyboardEvent): void => void (key === 'Escape' && setDrawer(null));
    addEventListener('keydown', closeOnEscape);
    return () => removeEventListener('keydown', closeOnEscape);
  }, []);
  const open = (to: string | null): void => {
    navigate({ userId, sessionId: to });
    setDrawer(null);
  };
  return (
    <div class="chat" data-drawer={drawer}>
      <SessionList
        turns={turns}
        current={sessionId}
        fixedUser={session.user_id !== null}
        onOpen={open}
        onUser={(id) => navigate({ userId: id, sessionId: null })}
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
