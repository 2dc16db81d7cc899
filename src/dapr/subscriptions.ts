// Dapr's subscriber contract: daprd asks what we subscribe to, then posts message by message. Nothing is judged by
// daprd: it hands over messages raw, since what it cannot read itself it repeats for ever (docs/topics.md).
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type Koa from 'koa';
import type { Log } from '../telemetry/log.ts';
import { PUBSUB } from './publish.ts';

/** `taken`: it is in good hands. `ignored`: it will never be right; it is not to come again. */
export type Taken = 'taken' | 'ignored';

/** What is done with the messages of a topic: JSON, or the text where it is none. Rejecting: it comes again, later. */
export type Subscriptions = Readonly<Record<string, (message: unknown) => Promise<Taken>>>;

/** In base64, so a message of three quarters of it: far above anything that is right. */
const BODY_LIMIT = '1mb';

/** The words are Dapr's. */
const STATUS = { taken: 'SUCCESS', ignored: 'DROP', failed: 'RETRY' } as const;

const pathOf = (topic: string): string => `/topics/${topic}`;

/** A raw message comes inside an event of daprd's own making. */
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

/** A body that cannot be read, or is too large, will be no better the next time. */
const readOrDrop =
  (topic: string, log: Log): Koa.Middleware =>
  async (ctx, next) => {
    const parse = bodyParser({ enableTypes: ['json'], detectJSON: () => true, jsonLimit: BODY_LIMIT });
    try {
      await parse(ctx, async () => {});
    } catch (error) {
      log.error({ topic, detail: (error as Error).message }, 'A message of pub/sub could not be read and is dropped.');
      ctx.body = { status: STATUS.ignored };
      return;
    }
    await next();
  };

/** The list for daprd, and a route a topic; its answers are Dapr's statuses. */
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
  for (const [topic, take] of Object.entries(subscriptions)) {
    router.post(pathOf(topic), readOrDrop(topic, log), async (ctx) => {
      try {
        ctx.body = { status: STATUS[await take(messageIn(ctx.request.body))] };
      } catch (error) {
        log.warn({ topic, detail: (error as Error).message }, 'A message of pub/sub was not taken in; it comes again.');
        ctx.status = 503;
        ctx.body = { status: STATUS.failed };
      }
    });
  }
  return router;
}
