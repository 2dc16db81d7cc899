// Who may what: roles, kinds of things, and owners. Pure, except for reading the clockless key table.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from '../config.ts';
import { Problem, type ProblemCode } from './problem.ts';

/** Kinds of things that rights are given for; `open` needs no key. */
export type Kind = 'open' | 'turns' | 'conversations' | 'memory' | 'analytics' | 'operation';
export type RoleName = 'user' | 'service' | 'reviewer' | 'admin';

/** The kinds each role may use; a `user` only its own things. */
const RIGHTS: Readonly<Record<Exclude<RoleName, 'admin'>, ReadonlySet<Kind>>> = {
  user: new Set<Kind>(['turns', 'conversations', 'memory']),
  service: new Set<Kind>(['turns', 'conversations', 'memory', 'analytics']),
  reviewer: new Set<Kind>(),
};

export interface Caller {
  readonly name: string;
  readonly role: RoleName;
  /** The user whose things a `user` may use. */
  readonly userId: string | null;
}

/** Everybody, where AUTH=none: only possible on loopback. */
export const ANONYMOUS: Caller = { name: 'anonymous', role: 'admin', userId: null };

/** Whether the caller may use things of this kind at all. */
export const mayUse = (caller: Caller, kind: Kind): boolean =>
  kind === 'open' || caller.role === 'admin' || RIGHTS[caller.role].has(kind);

/** Whether things of `owner` are the caller's to use. */
export const owns = (caller: Caller, owner: string): boolean => caller.role !== 'user' || caller.userId === owner;

/** @throws Problem `notFound` for somebody else's: it does not tell that the thing exists. */
export function requireOwner(caller: Caller, owner: string, notFound: ProblemCode): void {
  if (!owns(caller, owner)) throw new Problem(notFound, 'It does not exist, or it is not yours.');
}

function callerOf({ name, role }: ApiKey): Caller {
  const [kind, ...rest] = role.split(':');
  return { name, role: kind as RoleName, userId: rest.length > 0 ? rest.join(':') : null };
}

/** Finds the caller by `Authorization: Bearer …`; compares with every key, in constant time. Null: no known key. */
export function callerFinder(keys: readonly ApiKey[]): (authorization: string) => Caller | null {
  const table = keys.map((key) => ({ hash: Buffer.from(key.sha256, 'hex'), caller: callerOf(key) }));
  return (authorization) => {
    const key = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (key === undefined) return null;
    const given = createHash('sha256').update(key).digest();
    let found: Caller | null = null;
    for (const { hash, caller } of table) {
      if (timingSafeEqual(hash, given)) found = caller;
    }
    return found;
  };
}
