// Who uses the page: a key once, then a cookie that no script can read.
import { signal } from '@preact/signals';
import { ApiProblem, call, told, whenUnauthorized } from './call.ts';
import type { Role } from './derived.ts';
import type { Session } from './types.ts';

export type SignedIn =
  | { readonly state: 'loading' }
  | { readonly state: 'unknown' }
  | { readonly state: 'failed'; readonly why: string }
  | { readonly state: 'in'; readonly session: Session };

export const signedIn = signal<SignedIn>({ state: 'loading' });

/** Asks the server who we are. From then on, whenever it does not know us any more, the page asks for a key. */
export async function loadSession(): Promise<void> {
  whenUnauthorized(() => void (signedIn.value = { state: 'unknown' }));
  try {
    signedIn.value = { state: 'in', session: await call<Session>('/session') };
  } catch (error) {
    const unknown = error instanceof ApiProblem && error.status === 401;
    signedIn.value = unknown ? { state: 'unknown' } : { state: 'failed', why: told(error) };
  }
}

/** Whether a stream that was refused may be asked for again. @throws Unreachable, ApiProblem: not now */
export async function isStillSignedIn(): Promise<boolean> {
  try {
    await call('/session');
    return true;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return false;
    throw error;
  }
}

/** @throws ApiProblem (401: the key is not known), Unreachable */
export async function signIn(key: string): Promise<void> {
  await call('/session', { body: { key } });
  await loadSession();
}

/** Forgets the cookie and all that the page knows. */
export async function signOut(): Promise<void> {
  await call('/session', { method: 'DELETE' });
  location.reload();
}

export type Place = 'chat' | 'desk' | 'operations';

/** The places and who may be there. */
export const PLACES: Readonly<
  Record<Place, { readonly href: string; readonly title: string; readonly roles: readonly Role[] }>
> = {
  chat: { href: '/', title: 'Chat', roles: ['user', 'service', 'admin'] },
  desk: { href: '/desk', title: 'Review desk', roles: ['reviewer', 'admin'] },
  operations: { href: '/operations', title: 'Operations', roles: ['admin'] },
};
