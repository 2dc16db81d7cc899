// The signed-in caller. The key is exchanged once for a cookie that scripts cannot read.
import { signal } from '@preact/signals';
import { ApiProblem, call, errorText, onUnauthorized } from './call.ts';
import type { Role } from './derived.ts';
import type { Session } from './types.ts';

export type SignedIn =
  | { readonly state: 'loading' }
  | { readonly state: 'signed-out' }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'in'; readonly session: Session };

export const signedIn = signal<SignedIn>({ state: 'loading' });

/** Loads the session. From then on, any 401 shows the sign-in form. */
export async function loadSession(): Promise<void> {
  onUnauthorized(() => void (signedIn.value = { state: 'signed-out' }));
  try {
    signedIn.value = { state: 'in', session: await call<Session>('/session') };
  } catch (error) {
    const signedOut = error instanceof ApiProblem && error.status === 401;
    signedIn.value = signedOut ? { state: 'signed-out' } : { state: 'failed', message: errorText(error) };
  }
}

/** Whether the session is still valid, so that a closed stream may be opened again.
 *  @throws Unreachable, ApiProblem if that is unknown right now */
export async function isStillSignedIn(): Promise<boolean> {
  try {
    await call('/session');
    return true;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return false;
    throw error;
  }
}

/** Exchanges a key for a cookie. @throws ApiProblem (401: the key is invalid), Unreachable */
export async function signIn(key: string): Promise<void> {
  await call('/session', { body: { key } });
  await loadSession();
}

/** Deletes the cookie and reloads the page, which drops its data. */
export async function signOut(): Promise<void> {
  await call('/session', { method: 'DELETE' });
  location.reload();
}

export type PageName = 'chat' | 'desk' | 'operations';

/** The pages and the roles that may open them. */
export const PAGES: Readonly<
  Record<PageName, { readonly href: string; readonly title: string; readonly roles: readonly Role[] }>
> = {
  chat: { href: '/', title: 'Chat', roles: ['user', 'service', 'admin'] },
  desk: { href: '/desk', title: 'Review desk', roles: ['reviewer', 'admin'] },
  operations: { href: '/operations', title: 'Operations', roles: ['admin'] },
};
