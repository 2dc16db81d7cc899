// Memory of the embedded runtime's actors, in the same database.
import type { ActorState } from '../actors/state.ts';
import type { Database, Statement } from './database.ts';

const GET: Statement = { name: 'actor-state-get', sql: 'select value from actor_state where user_id = ? and key = ?' };
const SET: Statement = {
  name: 'actor-state-set',
  sql: `insert into actor_state (user_id, key, value)
        select ?, key, value::jsonb from unnest(?::text[], ?::text[]) as entries (key, value)
        on conflict (user_id, key) do update set value = excluded.value`,
};

/** Actor state in the table `actor_state`. Its calls reject with DatabaseUnavailable. */
export const sqlActorState = (database: Database): ActorState => ({
  async get(userId, key) {
    const [row] = await database.rows<{ value: unknown }>(GET, [userId, key]);
    return row?.value ?? null;
  },
  async set(userId, entries) {
    const values = Object.values(entries).map((value) => JSON.stringify(value));
    await database.rows(SET, [userId, Object.keys(entries), values]);
  },
});
