// The subscriber side of Dapr pub/sub: daprd reads the list of subscriptions, then posts one message at a time.
// Messages are requested raw, because daprd endlessly redelivers a message that it cannot parse (docs/topics.md).
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type Koa from 'koa';
import type { Log } from '../telemetry/log.ts';
import { PUBSUB } from './publish.ts';

/** `accepted`: the message was stored. `ignored`: the message is invalid and must not be delivered again. */
export type MessageOutcome = 'accepted' | 'ignored';

/** The message handlers by topic. A handler gets the parsed JSON, or the text if it is not JSON. If the handler
 *  rejects, the message is delivered again later. */
export type Subscriptions = Readonly<Record<string, (message: unknown) => Promise<MessageOutcome>>>;

/** The message is base64-encoded, so it can have three quarters of this size: far more than any valid message. */
const BODY_LIMIT = '1mb';

/** The statuses of Dapr's subscriber contract. */
const STATUS = { accepted: 'SUCCESS', ignored: 'DROP', failed: 'RETRY' } as const;

const pathOf = (topic: string): string => `/topics/${topic}`;

/** Returns the message in a request body. daprd wraps a raw message in an event of its own. */
function messageIn(body: unknown): unknown {
  const raw = (body as { data_base64?: unknown } | null)?.data_base64;
  if (typeof raw !== 'string') return body;
  const text = Buffer.from(raw, 'base64').toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Drops a message whose body cannot be read or is too large: another delivery would fail in the same way. */
const readOrDrop =
  (topic: string, log: Log): Koa.Middleware =>
  async (ctx, next) => {
    const parse = bodyParser({ enableTypes: ['json'], detectJSON: () => true, jsonLimit: BODY_LIMIT });
    try {
      await parse(ctx, async () => {});
    } catch (error) {
      log.error({ topic, detail: (error as Error).message }, 'A pub/sub message could not be read and is dropped.');
      ctx.body = { status: STATUS.ignored };
      return;
    }
    await next();
  };

/** The route with the list of subscriptions, and one route for each topic that answers with Dapr's statuses. */
export function subscriptionRoutes(subscriptions: Subscriptions, log: Log): Router {
  const router = new Router();
  router.get('/dapr/subscribe', (ctx) => {
    ctx.body = Object.keys(subscriptions).map((topic) => ({
      pubsubname: PUBSUB,
      topic,
      route: pathOf(topic),
      metadata: { rawPayload: 'true' },
    }));
  });
  for (const [topic, handle] of Object.entries(subscriptions)) {
    router.post(pathOf(topic), readOrDrop(topic, log), async (ctx) => {
      try {
        ctx.body = { status: STATUS[await handle(messageIn(ctx.request.body))] };
      } catch (error) {
        log.warn(
          { topic, detail: (error as Error).message },
          'A pub/sub message was not accepted; it will be delivered again.',
        );
        ctx.status = 503;
        ctx.body = { status: STATUS.failed };
      }
    });
  }
  return router;
}
