// Authorisation as pure functions: the roles, and the resource types that each role may use.
import { isUserId } from '../../domain/limits.ts';

const RIGHTS = {
  /** Only resources of this user. */
  user: ['session', 'chat', 'turns', 'conversations', 'memories', 'webhooks', 'budget', 'export', 'erase'],
  service: ['session', 'chat', 'turns', 'retries', 'conversations', 'memories', 'webhooks', 'analytics', 'budget'],
  reviewer: ['session', 'reviews'],
  admin: [
    'session',
    'chat',
    'turns',
    'retries',
    'conversations',
    'memories',
    'webhooks',
    'analytics',
    'budget',
    'export',
    'erase',
    'reviews',
    'metrics',
    'admin',
  ],
} as const;

export type Role = keyof typeof RIGHTS;
export type Resource = (typeof RIGHTS)[Role][number];

export interface Identity {
  /** Name of the key, or subject of the token; becomes `decided_by` of a review. */
  readonly name: string;
  readonly role: Role;
  /** The only user whose resources a `user` may use. Null: not limited to one user. */
  readonly userId: string | null;
  /** When the credential expires; open streams and long polls end then too. Null: never. */
  readonly until: Date | null;
}

/** Every caller if AUTH is none. */
export const ANONYMOUS: Identity = { name: 'anonymous', role: 'admin', userId: null, until: null };

/** The access rule of an operation. `owner`: where the id of the resource's user is. In the path or the body: the router
 *  checks it before the operation runs. In the loaded resource: the operation calls `owns`. None: the resource belongs to
 *  no single user. */
export type Access = 'open' | { readonly resource: Resource; readonly owner: 'path' | 'body' | 'loaded' | 'none' };

/** Whether the role of the identity may use this resource type. If not: 403. */
export const mayUse = ({ role }: Identity, resource: Resource): boolean =>
  (RIGHTS[role] as readonly Resource[]).includes(resource);

/** Whether the identity may use resources of this user. If not: 404, as for a resource that does not exist. */
export const owns = ({ userId }: Identity, ownerId: string): boolean => userId === null || userId === ownerId;

/** Whether the identity sees the arguments and results of tools: a user does not. */
export const seesStepContents = ({ role }: Pick<Identity, 'role'>): boolean => role !== 'user';

/** Whether RATE_LIMIT_PER_USER applies to the turns that this caller creates. */
export const isRateLimited = ({ role }: Identity): boolean => role === 'user';

/** The roles that may call an operation, for its documentation. */
export function rolesFor(access: Access): readonly Role[] {
  if (access === 'open') return [];
  const roles = Object.keys(RIGHTS) as Role[];
  return roles.filter((role) => (RIGHTS[role] as readonly Resource[]).includes(access.resource));
}

/** Parses the role of an API key or a token: `user:<user_id>`, `service`, `reviewer` or `admin`. Null: not a role. */
export function roleOf(role: string): Pick<Identity, 'role' | 'userId'> | null {
  if (role.startsWith('user:')) {
    const userId = role.slice('user:'.length);
    return isUserId(userId) ? { role: 'user', userId } : null;
  }
  return role === 'service' || role === 'reviewer' || role === 'admin' ? { role, userId: null } : null;
}
