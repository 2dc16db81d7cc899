import { useEffect, useState } from 'preact/hooks';
import { KINDS } from './choices.ts';
import { VIEWS, type Filter, type View } from './review-order.ts';

interface Props {
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

const DEBOUNCE_MS = 350;

/** Selects which reviews are listed. */
export function Filters({ filter, onFilter }: Props) {
  const [userId, setUserId] = useState(filter.userId);
  const [rule, setRule] = useState(filter.rule);
  useEffect(() => {
    const trimmed = { userId: userId.trim(), rule: rule.trim() };
    if (trimmed.userId === filter.userId && trimmed.rule === filter.rule) return;
    const timer = setTimeout(() => onFilter({ ...filter, ...trimmed }), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [userId, rule, filter]);
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <div class="tabs" role="group" aria-label="List">
        {Object.entries(VIEWS).map(([view, title]) => (
          <button
            key={view}
            type="button"
            class="quiet"
            aria-pressed={view === filter.view}
            onClick={() => onFilter({ ...filter, view: view as View })}
          >
            {title}
          </button>
        ))}
      </div>
      <div class="filter-fields">
        <input
          id="filter-user"
          aria-label="User"
          placeholder="User id"
          autocomplete="off"
          value={userId}
          onInput={({ currentTarget }) => setUserId(currentTarget.value)}
        />
        <input
          aria-label="Rule"
          placeholder="Rule"
          autocomplete="off"
          value={rule}
          onInput={({ currentTarget }) => setRule(currentTarget.value)}
        />
        <select
          aria-label="Kind"
          value={filter.kind}
          onChange={({ currentTarget }) => onFilter({ ...filter, kind: currentTarget.value as Filter['kind'] })}
        >
          <option value="">All kinds</option>
          {Object.entries(KINDS).map(([kind, title]) => (
            <option key={kind} value={kind}>
              {title}
            </option>
          ))}
        </select>
      </div>
    </form>
  );
}
