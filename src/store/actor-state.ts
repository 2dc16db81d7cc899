// Actor state of the embedded runtime, in the same database.
import type { ActorState } from '../domain/memory.ts';
import type { Database, Statement } from './database.ts';

const GET: Statement = {
  name: 'actor-state-get',
  sql: `select s.user_id, s.key, s.value from unnest(?::text[], ?::text[]) as asked (user_id, key)
        join actor_state s on s.user_id = asked.user_id and s.key = asked.key`,
};
const SET: Statement = {
  name: 'actor-state-set',
  sql: `insert into actor_state (user_id, key, value)
        select user_id, key, value::jsonb from unnest(?::text[], ?::text[], ?::text[]) as entries (user_id, key, value)
        on conflict (user_id, key) do update set value = excluded.value`,
};

const REMOVE: Statement = {
  name: 'actor-state-remove',
  sql: 'delete from actor_state where user_id = ? and key = any(?::text[])',
};

interface Key {
  readonly userId: string;
  readonly key: string;
}

async function getAll(database: Database, keys: readonly Key[]): Promise<unknown[]> {
  const rows = await database.rows<{ user_id: string; key: string; value: unknown }>(GET, [
    keys.map(({ userId }) => userId),
    keys.map(({ key }) => key),
  ]);
  // No user id contains a space, so the key is unique.
  const values = new Map(rows.map((row) => [`${row.user_id} ${row.key}`, row.value]));
  return keys.map(({ userId, key }) => values.get(`${userId} ${key}`) ?? null);
}

/** An actor runs one method at a time, so no two changes are of the same user. */
interface Change {
  readonly userId: string;
  readonly entries: Readonly<Record<string, unknown>>;
}

async function setAll(database: Database, changes: readonly Change[]): Promise<void[]> {
  const rows = changes.flatMap(({ userId, entries }) =>
    Object.entries(entries).map(([key, value]) => ({ userId, key, value: JSON.stringify(value) })),
  );
  await database.rows(SET, [
    rows.map(({ userId }) => userId),
    rows.map(({ key }) => key),
    rows.map(({ value }) => value),
  ]);
  return changes.map(() => {});
}

/** Actor state in the table `actor_state`. Its methods reject with Unavailable. */
export const sqlActorState = (database: Database): ActorState => ({
  get(userId, key) {
    return database.batched('actor-state-get', { userId, key }, getAll);
  },
  set(userId, entries) {
    return database.batched('actor-state-set', { userId, entries }, setAll);
  },
  async remove(userId, keys) {
    await database.rows(REMOVE, [userId, keys]);
  },
});
