// The queue board below its path: for admins, to look at.
import type Koa from 'koa';
import { mayUse } from '../auth/access.ts';
import type { Authenticate } from '../auth/authenticate.ts';
import { Problem } from '../problem.ts';
import type { RequestState } from '../router.ts';

export const BOARD_PATH = '/admin/queues';

/** The board's page has styles in it and a `base`; of scripts only files of ours, and nothing from elsewhere. */
const BOARD_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'";

const READS = new Set(['GET', 'HEAD']);

/** Answers a GET of a path below the board's own; null: nothing is there. */
export type Board = (
  path: string,
  query: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly type: string; readonly body: string | Buffer } | null>;

/** Serves the board to admins, below its path. */
export function boardRoutes(board: Board, authenticate: Authenticate): Koa.Middleware<RequestState> {
  return async (ctx, next) => {
    if (ctx.path !== BOARD_PATH && !ctx.path.startsWith(`${BOARD_PATH}/`)) return next();
    ctx.state.route = BOARD_PATH;
    const identity = await authenticate(ctx);
    if (!mayUse(identity, 'admin')) throw new Problem('forbidden', `The role ${identity.role} has no right to admin.`);
    if (!READS.has(ctx.method))
      throw new Problem(
        'method_not_allowed',
        'The board is read-only; dead letters are replayed at /admin/dead-letters.',
        {
          headers: { allow: 'GET, HEAD' },
        },
      );
    ctx.set('content-security-policy', BOARD_POLICY);
    const query = Object.fromEntries(new URLSearchParams(ctx.querystring));
    const answer = await board(decodeURIComponent(ctx.path.slice(BOARD_PATH.length)) || '/', query);
    if (!answer) throw new Problem('route_not_found', 'The board has nothing at this path.');
    ctx.status = answer.status;
    ctx.set('content-type', answer.type);
    ctx.body = answer.body;
  };
}
