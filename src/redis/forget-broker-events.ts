// Removing a user's events from the streams of Dapr's pub/sub, where its broker is our Redis. They have no index by user, so
// all of their entries are looked at; there are at most some 20,000 a topic (components/pubsub.yaml).
import type { Redis } from 'ioredis';

const PAGE = 500;

interface Event {
  readonly subject?: unknown;
  readonly data?: { readonly user_id?: unknown } | null;
}

/** Whose the event in an entry is, as far as it says so. */
function isOf(fields: readonly string[], userId: string): boolean {
  const data = fields[fields.indexOf('data') + 1] ?? '';
  try {
    const event = JSON.parse(data) as Event | null;
    return [event?.subject, event?.data?.user_id].includes(userId);
  } catch {
    // Not an event of ours.
    return false;
  }
}

/** Removes every event of the user from the streams of these topics. Rejects while Redis is away. */
export async function forgetBrokerEvents(redis: Redis, topics: readonly string[], userId: string): Promise<void> {
  for (const topic of topics) {
    if ((await redis.type(topic)) !== 'stream') continue;
    for (let from = '-'; ;) {
      const entries = await redis.xrange(topic, from, '+', 'COUNT', PAGE);
      const found = entries.filter(([, fields]) => isOf(fields, userId)).map(([id]) => id);
      if (found.length > 0) await redis.xdel(topic, ...found);
      if (entries.length < PAGE) break;
      from = `(${entries.at(-1)![0]}`;
    }
  }
}
