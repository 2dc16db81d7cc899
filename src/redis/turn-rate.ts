// The limit of turns a minute for one user, over all processes. Each user has a sorted set with the times of the places, by
// the clock of Redis. While Redis does not answer, each process counts the places that were taken there: the limit never
// blocks an accept.
import { within } from '../concurrency/within.ts';
import { fullFor, LocalPlaces, RATE_WINDOW_MS, type RatePlace, type TurnRate } from '../domain/turn-rate.ts';
import type { Log } from '../telemetry/log.ts';
import type { RedisConnection } from './connection.ts';

const placesOf = (userId: string): string => `turnkeeper:rate:${userId}`;

const TAKEN = 0;
const SHARED = -1;

/** Takes a place in one step, so that requests at the same time never get more places than there are. Otherwise returns the
 *  milliseconds until there is one. */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window = tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return ${SHARED} end
local taken = redis.call('ZCARD', KEYS[1])
if taken >= limit then
  local next = redis.call('ZRANGE', KEYS[1], taken - limit, taken - limit, 'WITHSCORES')
  return math.max(1, next[2] + window - now)
end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], window)
return ${TAKEN}`;

/** A Redis that is slower than this counts as unavailable, and is asked again after the pause. */
const ANSWER_MS = 1_000;
const PAUSE_MS = 2_000;

export class RedisTurnRate implements TurnRate {
  readonly #redis: RedisConnection;
  readonly #limit: number;
  readonly #log: Log;
  readonly #local = new LocalPlaces();
  /** By `performance.now()`. Before this time Redis is not asked. */
  #pausedUntil = 0;

  /** `limit`: turns a minute. */
  constructor(redis: RedisConnection, limit: number, log: Log) {
    this.#redis = redis;
    this.#limit = limit;
    this.#log = log;
  }

  async take(userId: string, id: string): Promise<RatePlace> {
    const answer = await this.#ask(() => this.#redis.eval(TAKE, 1, placesOf(userId), id, this.#limit, RATE_WINDOW_MS));
    const now = performance.now();
    if (answer === null) return this.#local.take(userId, id, this.#limit, now);
    const ms = Number(answer);
    if (ms > 0) return fullFor(ms);
    if (ms === SHARED) return { outcome: 'shared' };
    this.#local.add(userId, id, now);
    return { outcome: 'taken' };
  }

  async giveBack(userId: string, id: string): Promise<void> {
    this.#local.remove(userId, id);
    await this.#ask(() => this.#redis.zrem(placesOf(userId), id));
  }

  /** The answer of Redis. Null: there is none. */
  async #ask(command: () => Promise<unknown>): Promise<unknown> {
    if (performance.now() < this.#pausedUntil) return null;
    try {
      return await within(ANSWER_MS, command());
    } catch (error) {
      this.#pausedUntil = performance.now() + PAUSE_MS;
      this.#log.debug({ detail: (error as Error).message }, 'This process counts the turns of users by itself.');
      return null;
    }
  }
}

/** Removes the places of a user. Rejects while Redis is unavailable. */
export async function forgetPlaces(redis: RedisConnection, userId: string): Promise<void> {
  await redis.unlink(placesOf(userId));
}
