import { useState } from 'preact/hooks';
import { MemoryPanel } from '../user/MemoryPanel.tsx';
import { TagSearch } from './TagSearch.tsx';
import type { UserTurns } from './user-turns.ts';

interface Props {
  readonly userId: string;
  readonly turns: UserTurns;
  readonly onOpen: (sessionId: string) => void;
}

const TABS = { memory: 'Memory', history: 'History' } as const;
type Tab = keyof typeof TABS;

/** Memory and message history of the user. */
export function SidePanel({ userId, turns, onOpen }: Props) {
  const [tab, setTab] = useState<Tab>('memory');
  const lastCompleted = turns.turns.value.findLast(({ status }) => status === 'completed')?.turn_id ?? '';
  return (
    <aside class="column panel" aria-label="Memory and history">
      <div class="tabs" role="group" aria-label="Panel">
        {Object.entries(TABS).map(([name, title]) => (
          <button
            key={name}
            type="button"
            class="quiet"
            aria-pressed={name === tab}
            onClick={() => setTab(name as Tab)}
          >
            {title}
          </button>
        ))}
      </div>
      {tab === 'memory' ? (
        <MemoryPanel key={userId} userId={userId} changedBy={lastCompleted} />
      ) : (
        <TagSearch key={userId} userId={userId} onOpen={onOpen} />
      )}
    </aside>
  );
}
