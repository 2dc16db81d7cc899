import { useState } from 'preact/hooks';

const MOST = 16;
const LONGEST = 64;

interface Props {
  readonly tags: readonly string[];
  readonly onTags: (tags: readonly string[]) => void;
}

/** Tags of the next messages: Enter or a comma adds one, each is a button that takes itself away. */
export function TagInput({ tags, onTags }: Props) {
  const [typed, setTyped] = useState('');
  const add = (): void => {
    const tag = typed.trim().replace(/^#/, '');
    setTyped('');
    if (tag !== '' && !tags.includes(tag) && tags.length < MOST) onTags([...tags, tag]);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' || event.key === ',') {
      event.preventDefault();
      add();
    } else if (event.key === 'Backspace' && typed === '' && tags.length > 0) onTags(tags.slice(0, -1));
  };
  return (
    <div class="tags grow">
      {tags.map((tag) => (
        <button
          key={tag}
          type="button"
          class="tag"
          aria-label={`Remove the tag ${tag}`}
          onClick={() => onTags(tags.filter((each) => each !== tag))}
        >
          #{tag} <span aria-hidden="true">×</span>
        </button>
      ))}
      <input
        class="tag-input"
        aria-label="Add a tag"
        placeholder="Add a tag"
        maxLength={LONGEST}
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onKeyDown={key}
        onBlur={add}
      />
    </div>
  );
}
