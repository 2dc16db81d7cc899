import { useState } from 'preact/hooks';
import { ApiProblem, told } from '../api/call.ts';
import { signIn } from '../api/session.ts';
import { Notice } from '../parts/Notice.tsx';

const why = (error: unknown): string =>
  error instanceof ApiProblem && error.status === 401 ? 'This key is not known.' : told(error);

/** Asks for a key, once: it is exchanged for a cookie. */
export function SignIn() {
  const [key, setKey] = useState('');
  const [failed, setFailed] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    signIn(key).catch((error: unknown) => {
      setFailed(why(error));
      setBusy(false);
    });
  };
  return (
    <main class="middle">
      <div class="card sign-in">
        <h1>Sign in</h1>
        <p class="soft">With the key that you were given for turnkeeper.</p>
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
