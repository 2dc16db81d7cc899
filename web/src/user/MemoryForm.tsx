import { useState } from 'preact/hooks';
import { call, errorText } from '../api/call.ts';
import type { Memory } from '../api/types.ts';
import { Notice } from '../parts/Notice.tsx';

interface Props {
  readonly path: string;
  readonly memory: Memory;
  readonly onDone: () => void;
}

/** Edits memory. Only changed fields are sent, so that a summary written meanwhile is not overwritten. */
export function MemoryForm({ path, memory, onDone }: Props) {
  const [name, setName] = useState(memory.name);
  const [style, setStyle] = useState(memory.preferred_style);
  const [summary, setSummary] = useState(memory.user_summary);
  const [topics, setTopics] = useState(memory.favourite_topics.join(', '));
  const [failed, setFailed] = useState<string | null>(null);
  const save = (event: Event): void => {
    event.preventDefault();
    const body = {
      ...(name !== memory.name && { name }),
      ...(style !== memory.preferred_style && { preferred_style: style }),
      ...(summary !== memory.user_summary && { user_summary: summary }),
      ...(topics !== memory.favourite_topics.join(', ') && {
        favourite_topics: topics.split(',').flatMap((topic) => topic.trim() || []),
      }),
    };
    if (Object.keys(body).length === 0) return onDone();
    call(path, { method: 'PATCH', body }).then(onDone, (error: unknown) => setFailed(errorText(error)));
  };
  return (
    <form class="memory-form" onSubmit={save}>
      <div>
        <label for="memory-name">Name</label>
        <input id="memory-name" required value={name} onInput={({ currentTarget }) => setName(currentTarget.value)} />
      </div>
      <div>
        <label for="memory-style">Preferred style</label>
        <input
          id="memory-style"
          required
          value={style}
          onInput={({ currentTarget }) => setStyle(currentTarget.value)}
        />
      </div>
      <div>
        <label for="memory-summary">Summary</label>
        <textarea
          id="memory-summary"
          rows={4}
          maxLength={4000}
          value={summary}
          onInput={({ currentTarget }) => setSummary(currentTarget.value)}
        />
      </div>
      <div>
        <label for="memory-topics">Favourite topics (comma-separated)</label>
        <input id="memory-topics" value={topics} onInput={({ currentTarget }) => setTopics(currentTarget.value)} />
      </div>
      {failed !== null && <Notice kind="bad">{failed}</Notice>}
      <div class="row">
        <button class="primary" type="submit">
          Save
        </button>
        <button type="button" onClick={onDone}>
          Cancel
        </button>
      </div>
    </form>
  );
}
