// Removes a user's data from Redis: the streams of deltas, and the events of Dapr's pub/sub if its broker is our Redis.
import type { RedisConnection } from './connection.ts';
import { streamOf } from './delta-records.ts';

const PAGE = 500;

interface Event {
  readonly subject?: unknown;
  readonly data?: { readonly user_id?: unknown } | null;
}

/** Whether the event in an entry names the user. */
function isEventOf(fields: readonly string[], userId: string): boolean {
  const data = fields[fields.indexOf('data') + 1] ?? '';
  try {
    const event = JSON.parse(data) as Event | null;
    return [event?.subject, event?.data?.user_id].includes(userId);
  } catch {
    // Not an event of ours.
    return false;
  }
}

/** Removes every event of the user from the streams of these topics. They have no index by user, so all entries are
 *  read; a stream has about 20,000 at most (components/pubsub.yaml). Rejects while Redis is unavailable. */
export async function forgetBrokerEvents(
  redis: RedisConnection,
  topics: readonly string[],
  userId: string,
): Promise<void> {
  for (const topic of topics) {
    if ((await redis.type(topic)) !== 'stream') continue;
    for (let from = '-'; ;) {
      const entries = await redis.xrange(topic, from, '+', 'COUNT', PAGE);
      const found = entries.filter(([, fields]) => isEventOf(fields, userId)).map(([id]) => id);
      if (found.length > 0) await redis.xdel(topic, ...found);
      if (entries.length < PAGE) break;
      from = `(${entries.at(-1)![0]}`;
    }
  }
}

/** Removes the stored deltas of these turns. Rejects while Redis is unavailable. */
export async function forgetDeltas(redis: RedisConnection, turnIds: readonly string[]): Promise<void> {
  // One command for each key, because in a cluster the keys are in different slots.
  for (const turnId of turnIds) await redis.unlink(streamOf(turnId));
}
