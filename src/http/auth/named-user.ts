// USER_HEADER: the header in which a trusted client, such as a chat UI with one key for all its users, names the user.
import type Koa from 'koa';
import { isUserId, USER_ID_RULE } from '../../domain/limits.ts';
import { invalidRequest } from '../problem.ts';
import { stepTo } from '../faults.ts';
import type { Identity } from './access.ts';

/** The user that the header of this request names. `header`: undefined: none is trusted. Null: no user, or the caller may
 *  not act for every user. @throws Problem invalid_request */
export function namedUserOf(
  ctx: Pick<Koa.Context, 'headers' | 'get'>,
  { role }: Pick<Identity, 'role'>,
  header: string | undefined,
): string | null {
  if (header === undefined || (role !== 'service' && role !== 'admin')) return null;
  if (ctx.headers[header.toLowerCase()] === undefined) return null;
  const userId = ctx.get(header);
  if (isUserId(userId)) return userId;
  throw invalidRequest([{ pointer: stepTo('/header', header.toLowerCase()), detail: `must be ${USER_ID_RULE}` }]);
}
