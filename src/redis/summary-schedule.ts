// When the summaries of users are due: a sorted set of user ids by time. It debounces: a delivered turn postpones the
// summary of its user. If Redis loses it, the next delivered turn schedules the summary again.
import type { RedisConnection } from './connection.ts';

const DUE = 'turnkeeper:{summaries}:due';
/** In the same slot of a Redis Cluster. By user id: the traceparent of the last event, if it has one. */
const TRACES = 'turnkeeper:{summaries}:traces';

/** Removes each user whose time is still the given one. */
const REMOVE_UNCHANGED = `
  for n = 1, #ARGV, 2 do
    local due = redis.call('ZSCORE', KEYS[1], ARGV[n])
    if due and tonumber(due) == tonumber(ARGV[n + 1]) then
      redis.call('ZREM', KEYS[1], ARGV[n])
      redis.call('HDEL', KEYS[2], ARGV[n])
    end
  end`;

export interface DueSummary {
  readonly userId: string;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
  readonly traceparent: string | null;
}

/** All methods reject while Redis is unavailable. */
export class SummarySchedule {
  readonly #redis: RedisConnection;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  /** Schedules the summaries of these users, and replaces their earlier times. */
  async postpone(summaries: readonly DueSummary[]): Promise<void> {
    const traced = summaries.filter(({ traceparent }) => traceparent !== null);
    const untraced = summaries.filter(({ traceparent }) => traceparent === null);
    const changes = this.#redis.multi().zadd(DUE, ...summaries.flatMap(({ userId, dueAt }) => [dueAt, userId]));
    if (untraced.length > 0) changes.hdel(TRACES, ...untraced.map(({ userId }) => userId));
    if (traced.length > 0) changes.hset(TRACES, ...traced.flatMap(({ userId, traceparent }) => [userId, traceparent!]));
    await changes.exec();
  }

  /** The first `limit` summaries that are due at `now`. They stay in the schedule until `remove`. */
  async due(now: number, limit: number): Promise<DueSummary[]> {
    const found = await this.#redis.zrangebyscore(DUE, '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit);
    const users = found.filter((_, index) => index % 2 === 0);
    if (users.length === 0) return [];
    const traces = await this.#redis.hmget(TRACES, ...users);
    return users.map((userId, index) => ({
      userId,
      dueAt: Number(found[2 * index + 1]),
      traceparent: traces[index] ?? null,
    }));
  }

  /** Removes the summaries that were not postponed since they were read. */
  async remove(summaries: readonly DueSummary[]): Promise<void> {
    const unchanged = summaries.flatMap(({ userId, dueAt }) => [userId, String(dueAt)]);
    await this.#redis.eval(REMOVE_UNCHANGED, 2, DUE, TRACES, ...unchanged);
  }

  async forget(userId: string): Promise<void> {
    await this.#redis.zrem(DUE, userId);
    await this.#redis.hdel(TRACES, userId);
  }
}
