import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Turn } from '../api/types.ts';
import { LoadingPlaceholder } from '../parts/LoadingPlaceholder.tsx';
import { Empty } from '../parts/Empty.tsx';
import { Notice } from '../parts/Notice.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { assistantOf, choose, loadAssistants, nextAssistant } from './assistants.ts';
import { AssistantSelect } from './AssistantSelect.tsx';
import { Composer } from './Composer.tsx';
import { outgoing, send } from './outbox.ts';
import { OutgoingView } from './OutgoingView.tsx';
import { TurnView } from './TurnView.tsx';
import { isQueuedOrRunning } from './turn-order.ts';
import type { UserTurns } from './user-turns.ts';

/** The side column that is open over the page on a narrow screen. */
export type Drawer = 'sessions' | 'panel' | null;

interface Props {
  readonly turns: UserTurns;
  readonly sessionId: string | null;
  readonly onSession: (sessionId: string) => void;
  readonly drawer: Drawer;
  readonly onDrawer: (drawer: Drawer) => void;
}

/** Up to this distance from its end, the log follows new text. */
const FOLLOW_PX = 120;
/** The operator may add or remove assistants while the page is open. */
const ASSISTANTS_REFRESH_MS = 60_000;

/** One session: its turns, unsent messages and the composer. */
export function Conversation({ turns, sessionId, onSession, drawer, onDrawer }: Props) {
  const log = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const shown = sessionId === null ? [] : turns.turns.value.filter(({ session_id: id }) => id === sessionId);
  const unsent = outgoing.value.filter((each) => each.userId === turns.userId && each.sessionId === sessionId);
  const busy = turns.turns.value.some(isQueuedOrRunning);
  const written = turns.written.value;
  const { value: assistants, reload } = useLoaded('assistants', loadAssistants, ASSISTANTS_REFRESH_MS);
  const assistant = nextAssistant(assistants, turns.userId, sessionId, shown);
  const refused = unsent.filter(({ assistantUnknown }) => assistantUnknown).length;

  useEffect(() => void (refused > 0 && reload()), [refused]);
  useLayoutEffect(() => void (follows.current = true), [sessionId, unsent.length]);
  useLayoutEffect(() => {
    if (follows.current) log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [shown, unsent, written]);
  const scrolled = ({ currentTarget: at }: { currentTarget: HTMLElement }): void =>
    void (follows.current = at.scrollHeight - at.scrollTop - at.clientHeight < FOLLOW_PX);

  const accepted = (turn: Turn): void => {
    turns.update([turn]);
    if (sessionId !== null) return;
    // The new session goes on with its assistant; the next new one starts with the default.
    choose(turns.userId, null, null);
    onSession(turn.session_id);
  };
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
      {/* Focusable, so that the keyboard can scroll it. */}
      <div class="log" ref={log} onScroll={scrolled} role="log" aria-label="Conversation" tabIndex={0}>
        <div class="measure">
          {turns.error.value !== null && (
            <Notice kind="bad" action={{ label: 'Try again', act: () => void turns.load() }}>
              {turns.error.value}
            </Notice>
          )}
          {turns.loading.value && turns.error.value === null && <LoadingPlaceholder what="the conversation" />}
          {!turns.loading.value && shown.length === 0 && unsent.length === 0 && (
            <Empty title={sessionId === null ? 'Start a conversation' : 'No messages'}>
              {sessionId === null ? (
                <p>Each message gets one reply, in the order sent. Replies are kept if you close the page.</p>
              ) : (
                <p>No loaded turn of {turns.userId} belongs to this session.</p>
              )}
            </Empty>
          )}
          {shown.map((turn, at) => (
            <TurnView
              key={turn.turn_id}
              turn={turn}
              newAssistant={at > 0 && assistantOf(turn) !== assistantOf(shown[at - 1]!) ? assistantOf(turn) : null}
              written={written?.turnId === turn.turn_id ? written.text : ''}
              onChanged={(changed) => turns.update([changed])}
            />
          ))}
          {unsent.map((message) => (
            <OutgoingView key={message.key} message={message} assistant={assistant} onAccepted={accepted} />
          ))}
        </div>
      </div>
      <Composer
        busy={busy}
        onSend={async (message) => {
          const turn = await send({ ...message, userId: turns.userId, sessionId, assistant });
          if (!turn) return;
          accepted(turn);
          // Other turns that this one changed (interrupt, rollback) may not be on the followed stream.
          if (message.onBusy !== 'enqueue') void turns.load();
        }}
      >
        {assistants && assistants.length > 1 && (
          <AssistantSelect
            assistants={assistants}
            chosen={assistant}
            onChoose={(name) => choose(turns.userId, sessionId, name)}
          />
        )}
      </Composer>
    </main>
  );
}
