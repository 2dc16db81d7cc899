import { useEffect, useState } from 'preact/hooks';
import { USER_ID_PATTERN, USER_ID_RULE } from '../api/limits.ts';

interface Props {
  readonly userId: string;
  /** The caller may chat as this user only. */
  readonly fixed: boolean;
  readonly onUser: (userId: string) => void;
}

/** Selects the user to chat as. */
export function UserPicker({ userId, fixed, onUser }: Props) {
  const [typed, setTyped] = useState(userId);
  useEffect(() => setTyped(userId), [userId]);
  if (fixed)
    return (
      <p class="one-line">
        <span class="soft">Chatting as</span> {userId}
      </p>
    );
  const submit = (event: Event): void => {
    event.preventDefault();
    if (typed !== userId) onUser(typed);
  };
  return (
    <form onSubmit={submit}>
      <label for="user">Chatting as</label>
      <div class="row user-picker">
        <input
          id="user"
          class="grow"
          value={typed}
          required
          pattern={USER_ID_PATTERN}
          title={USER_ID_RULE}
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <button type="submit" disabled={typed === userId}>
          Switch
        </button>
      </div>
    </form>
  );
}
