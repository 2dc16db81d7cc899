// Serves the read-only queue board to admins.
import type Koa from 'koa';
import { mayUse } from '../auth/access.ts';
import type { Authenticate } from '../auth/authenticate.ts';
import { Problem } from '../problem.ts';
import type { RequestState } from '../router.ts';

export const BOARD_PATH = '/admin/queues';

/** The page of the board has inline styles and a `base` element. Scripts come only from this server, and nothing is loaded
 *  from other origins. */
const BOARD_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'";

const READS = new Set(['GET', 'HEAD']);

/** Answers a GET of a path below the board's path. Null: the path does not exist. */
export type Board = (
  path: string,
  query: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly type: string; readonly body: string | Buffer } | null>;

/** A middleware that serves the board below its path. */
export function boardRoutes(board: Board, authenticate: Authenticate): Koa.Middleware<RequestState> {
  return async (ctx, next) => {
    if (ctx.path !== BOARD_PATH && !ctx.path.startsWith(`${BOARD_PATH}/`)) return next();
    ctx.state.route = BOARD_PATH;
    const identity = await authenticate(ctx);
    if (!mayUse(identity, 'admin')) throw new Problem('forbidden', `The role ${identity.role} may not use admin.`);
    if (!READS.has(ctx.method))
      throw new Problem(
        'method_not_allowed',
        'The board is read-only. Use /admin/dead-letters to replay dead letters.',
        {
          headers: { allow: 'GET, HEAD' },
        },
      );
    ctx.set('content-security-policy', BOARD_POLICY);
    const query = Object.fromEntries(new URLSearchParams(ctx.querystring));
    const answer = await board(decodeURIComponent(ctx.path.slice(BOARD_PATH.length)) || '/', query);
    if (!answer) throw new Problem('route_not_found', 'The board has no page or file at this path.');
    ctx.status = answer.status;
    ctx.set('content-type', answer.type);
    ctx.body = answer.body;
  };
}
