// Who may do what: pure decisions over data. The contract's roles, and the kinds of things each may touch at all.
import { isUserId } from '../../domain/limits.ts';

const RIGHTS = {
  /** Own things only. */
  user: ['session', 'chat', 'turns', 'conversations', 'memories', 'webhooks', 'export', 'erase'],
  service: ['session', 'chat', 'turns', 'conversations', 'memories', 'webhooks', 'analytics'],
  reviewer: ['session', 'reviews'],
  admin: [
    'session',
    'chat',
    'turns',
    'conversations',
    'memories',
    'webhooks',
    'analytics',
    'export',
    'erase',
    'reviews',
    'metrics',
    'admin',
  ],
} as const;

export type Role = keyof typeof RIGHTS;
export type Thing = (typeof RIGHTS)[Role][number];

export interface Identity {
  /** Name of the key, or subject of the token; becomes `decided_by` of a review. */
  readonly name: string;
  readonly role: Role;
  /** Whose things a `user` may touch; null: not limited to one user. */
  readonly userId: string | null;
  /** When what was shown lapses: streams end then too. Null: never. */
  readonly until: Date | null;
}

/** Everybody, where AUTH is none. */
export const ANONYMOUS: Identity = { name: 'anonymous', role: 'admin', userId: null, until: null };

/** The rule of an operation. `owner`: where the id of the user stands whose thing it is: in the path or the body (then
 *  it is checked before the operation runs), in what is loaded (then the operation asks `owns`), or nowhere: it concerns
 *  no single user. */
export type Access = 'open' | { readonly thing: Thing; readonly owner: 'path' | 'body' | 'loaded' | 'nobody' };

/** Whether this kind of thing is open to the identity at all; if not, 403. */
export const mayUse = ({ role }: Identity, thing: Thing): boolean => (RIGHTS[role] as readonly Thing[]).includes(thing);

/** Whether the identity may touch a thing of this user; if not, it must look as if it were not there: 404. */
export const owns = ({ userId }: Identity, ownerId: string): boolean => userId === null || userId === ownerId;

/** The roles that an operation is open to, for its documentation. */
export function rolesFor(access: Access): readonly Role[] {
  if (access === 'open') return [];
  const roles = Object.keys(RIGHTS) as Role[];
  return roles.filter((role) => (RIGHTS[role] as readonly Thing[]).includes(access.thing));
}

/** The role that an API key or a token names (`user:<user_id>`, `service`, `reviewer` or `admin`); null: none of these. */
export function roleOf(role: string): Pick<Identity, 'role' | 'userId'> | null {
  if (role.startsWith('user:')) {
    const userId = role.slice('user:'.length);
    return isUserId(userId) ? { role: 'user', userId } : null;
  }
  return role === 'service' || role === 'reviewer' || role === 'admin' ? { role, userId: null } : null;
}
