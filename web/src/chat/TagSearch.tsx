import { useState } from 'preact/hooks';
import { call, pathTo } from '../api/call.ts';
import type { Page } from '../api/derived.ts';
import type { UserMessage } from '../api/types.ts';
import { LoadingPlaceholder } from '../parts/LoadingPlaceholder.tsx';
import { Moment } from '../parts/Moment.tsx';
import { Notice } from '../parts/Notice.tsx';
import { useLoaded } from '../parts/use-loaded.ts';

interface Props {
  readonly userId: string;
  readonly onOpen: (sessionId: string) => void;
}

/** The delivered messages of the user, filtered by tag. */
export function TagSearch({ userId, onOpen }: Props) {
  const [typed, setTyped] = useState('');
  const [tag, setTag] = useState('');
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1) ?? null;
  const path = pathTo(['users', userId, 'conversations'], { tag, limit: 30, cursor });
  const { value, error, reload } = useLoaded(path, (signal) => call<Page<UserMessage>>(path, { signal }));
  const search = (event: Event): void => {
    event.preventDefault();
    setTag(typed.trim().replace(/^#/, ''));
    setCursors([]);
    reload();
  };
  return (
    <section class="search" aria-label="History">
      <form class="row" onSubmit={search} role="search">
        <label class="hidden" for="search-tag">
          Tag
        </label>
        <input
          id="search-tag"
          class="grow"
          placeholder="Filter by tag"
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <button type="submit">Search</button>
      </form>
      {error !== null && (
        <Notice kind="bad" action={{ label: 'Try again', act: reload }}>
          {error}
        </Notice>
      )}
      {!value && error === null && <LoadingPlaceholder what="messages" />}
      {value?.items.length === 0 && (
        <p class="soft">{tag === '' ? 'No messages yet.' : `No messages tagged #${tag}.`}</p>
      )}
      <ul>
        {value?.items.map((message) => (
          <li key={`${message.turn_id} ${message.role}`}>
            <button type="button" class="quiet found" onClick={() => onOpen(message.session_id)}>
              <span class="soft small">
                {message.role === 'user' ? 'You' : 'Reply'} · <Moment at={message.timestamp} />
                {message.tags.map((each) => ` #${each}`)}
              </span>
              <span class="excerpt">{message.content}</span>
            </button>
          </li>
        ))}
      </ul>
      <div class="row">
        {cursors.length > 0 && (
          <button type="button" onClick={() => setCursors(cursors.slice(0, -1))}>
            Earlier
          </button>
        )}
        {value?.next_cursor && (
          <button type="button" onClick={() => setCursors([...cursors, value.next_cursor!])}>
            Later
          </button>
        )}
      </div>
    </section>
  );
}
