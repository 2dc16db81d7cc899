// Removing the streams of turns.
import type { Redis } from 'ioredis';
import { streamOf } from './delta-records.ts';

/** Removes what was written of these turns' replies. Rejects while Redis is away. */
export async function forgetDeltas(redis: Redis, turnIds: readonly string[]): Promise<void> {
  // One at a time: in a cluster they are in different slots.
  for (const turnId of turnIds) await redis.unlink(streamOf(turnId));
}
