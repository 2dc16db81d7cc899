import { useState } from 'preact/hooks';

const MAX_TAGS = 16;
const MAX_CHARACTERS = 64;

interface Props {
  readonly tags: readonly string[];
  readonly onTags: (tags: readonly string[]) => void;
}

/** Tags of the next messages. Enter or a comma adds one; a click on a tag removes it. */
export function TagInput({ tags, onTags }: Props) {
  const [typed, setTyped] = useState('');
  const add = (): void => {
    const tag = typed.trim().replace(/^#/, '');
    setTyped('');
    if (tag !== '' && !tags.includes(tag) && tags.length < MAX_TAGS) onTags([...tags, tag]);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
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
          aria-label={`Remove tag ${tag}`}
          onClick={() => onTags(tags.filter((each) => each !== tag))}
        >
          #{tag} <span aria-hidden="true">×</span>
        </button>
      ))}
      <input
        class="tag-input"
        aria-label="Add a tag"
        placeholder="Add a tag"
        maxLength={MAX_CHARACTERS}
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={add}
      />
    </div>
  );
}
