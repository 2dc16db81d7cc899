import { useState } from 'preact/hooks';
import { ApiProblem, errorText } from '../api/call.ts';
import { signIn } from '../api/session.ts';
import { Notice } from '../parts/Notice.tsx';

const messageOf = (error: unknown): string =>
  error instanceof ApiProblem && error.status === 401 ? 'Invalid key or token.' : errorText(error);

/** The sign-in form. The key is exchanged for a cookie. */
export function SignIn() {
  const [key, setKey] = useState('');
  const [failed, setFailed] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    signIn(key).catch((error: unknown) => {
      setFailed(messageOf(error));
      setBusy(false);
    });
  };
  return (
    <main class="middle">
      <div class="card sign-in">
        <h1>Sign in</h1>
        <p class="soft">Enter your turnkeeper API key or token.</p>
        <form onSubmit={submit}>
          <div>
            <label for="key">Key</label>
            <input
              id="key"
              type="password"
              autocomplete="current-password"
              required
              value={key}
              onInput={({ currentTarget }) => setKey(currentTarget.value)}
            />
          </div>
          {failed !== null && <Notice kind="bad">{failed}</Notice>}
          <button class="primary" type="submit" disabled={busy || key === ''}>
            Sign in
          </button>
        </form>
      </div>
    </main>
  );
}
