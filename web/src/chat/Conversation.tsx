import { useLayoutEffect, useRef } from 'preact/hooks';
import { Bones } from '../parts/Bones.tsx';
import { Empty } from '../parts/Empty.tsx';
import { Notice } from '../parts/Notice.tsx';
import { Composer } from './Composer.tsx';
import { outgoing, send } from './outbox.ts';
import { OutgoingView } from './OutgoingView.tsx';
import { TurnView } from './TurnView.tsx';
import { isUnderWay } from './turn-state.ts';
import type { UserTurns } from './user-turns.ts';

/** Which of the side columns covers the page where there is no room for it. */
export type Drawer = 'sessions' | 'panel' | null;

interface Props {
  readonly turns: UserTurns;
  readonly sessionId: string | null;
  readonly onSession: (sessionId: string) => void;
  readonly drawer: Drawer;
  readonly onDrawer: (drawer: Drawer) => void;
}

/** So near to its end that one reads along. */
const NEAR_PX = 120;

/** One session: what was said, what is being written, and what to say next. */
export function Conversation({ turns, sessionId, onSession, drawer, onDrawer }: Props) {
  const log = useRef<HTMLDivElement>(null);
  const readsAlong = useRef(true);
  const shown = sessionId === null ? [] : turns.turns.value.filter(({ session_id: id }) => id === sessionId);
  const waiting = outgoing.value.filter((each) => each.userId === turns.userId && each.sessionId === sessionId);
  const busy = turns.turns.value.some(isUnderWay);
  const written = turns.written.value;

  useLayoutEffect(() => void (readsAlong.current = true), [sessionId, waiting.length]);
  useLayoutEffect(() => {
    if (readsAlong.current) log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [shown, waiting, written]);
  const scrolled = ({ currentTarget: at }: { currentTarget: HTMLElement }): void =>
    void (readsAlong.current = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_PX);

  const toggle = (which: Drawer) => () => onDrawer(drawer === which ? null : which);
  return (
    <main class="conversation">
      <h1 class="hidden">Chat</h1>
      <div class="drawers row">
        <button
          type="button"
          class="quiet open-sessions"
          aria-expanded={drawer === 'sessions'}
          onClick={toggle('sessions')}
        >
          Sessions
        </button>
        <button type="button" class="quiet open-panel" aria-expanded={drawer === 'panel'} onClick={toggle('panel')}>
          Memory and history
        </button>
      </div>
      {/* Focusable, so that it can be scrolled by keyboard. */}
      <div class="log" ref={log} onScroll={scrolled} role="log" aria-label="Conversation" tabIndex={0}>
        <div class="measure">
          {turns.error.value !== null && (
            <Notice kind="bad" action={{ label: 'Try again', act: () => void turns.load() }}>
              {turns.error.value}
            </Notice>
          )}
          {turns.loading.value && turns.error.value === null && <Bones what="the conversation" />}
          {!turns.loading.value && shown.length === 0 && waiting.length === 0 && (
            <Empty title={sessionId === null ? 'Say something' : 'Nothing here'}>
              {sessionId === null ? (
                <p>Every message is answered once, in the order it was sent. Close the page whenever you like.</p>
              ) : (
                <p>This session of {turns.userId} is not among the turns that were loaded.</p>
              )}
            </Empty>
          )}
          {shown.map((turn) => (
            <TurnView
              key={turn.turn_id}
              turn={turn}
              written={written?.turnId === turn.turn_id ? written.text : ''}
              onChanged={(changed) => turns.learn([changed])}
            />
          ))}
          {waiting.map((message) => (
            <OutgoingView
              key={message.key}
              message={message}
              onTaken={(turn) => {
                turns.learn([turn]);
                onSession(turn.session_id);
              }}
            />
          ))}
        </div>
      </div>
      <Composer
        busy={busy}
        onSend={async (said) => {
          const turn = await send({ ...said, userId: turns.userId, sessionId });
          if (!turn) return;
          turns.learn([turn]);
          // Of the others that this one changed (interrupt, rollback) the stream tells, if it is theirs.
          if (said.onBusy !== 'enqueue') void turns.load();
          if (sessionId === null) onSession(turn.session_id);
        }}
      />
    </main>
  );
}
