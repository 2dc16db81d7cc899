import { useState } from 'preact/hooks';
import { hrefOf } from './use-section.ts';
import { USER_ID_PATTERN, USER_ID_RULE } from '../api/limits.ts';

/** The form that opens a user's page. */
export function UserLookup() {
  const [userId, setUserId] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    location.hash = hrefOf('users', userId.trim());
  };
  return (
    <section class="card lookup" aria-labelledby="lookup-title">
      <h2 id="lookup-title">Find a user</h2>
      <p class="soft">Turns, memory, export and erasure of one user.</p>
      <form onSubmit={submit}>
        <label for="lookup-user">User id</label>
        <div class="row">
          <input
            id="lookup-user"
            class="grow"
            required
            pattern={USER_ID_PATTERN}
            title={USER_ID_RULE}
            autocomplete="off"
            value={userId}
            onInput={({ currentTarget }) => setUserId(currentTarget.value)}
          />
          <button class="primary" type="submit">
            Show
          </button>
        </div>
      </form>
    </section>
  );
}
