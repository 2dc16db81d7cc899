// Fills the database for the growth scenario: rows as a server has them after a long time.
import type { Database } from '../../src/store/database.ts';
import { UUID_OF_MD5 } from '../clients/client.ts';

/** The session of a user in SQL, as the clients compute it. */
const sessionOf = (user: string) =>
  `regexp_replace(md5(${user}), '${UUID_OF_MD5[0]}', '${UUID_OF_MD5[1].map((part, index) => `${part}\\${index + 1}`).join('')}')::uuid`;

const run = async (database: Database, name: string, sql: string, bindings: readonly unknown[]): Promise<void> => {
  await database.rows({ name: `bench-seed-${name}`, sql }, bindings);
};

/** Adds the users `<prefix>-0` … and their sessions. Each has had `turns` turns. */
export async function seedUsers(database: Database, prefix: string, users: number, turns = 0): Promise<void> {
  await run(
    database,
    'users',
    `insert into users (user_id, last_seq)
     select ? || '-' || n, ? from generate_series(0, ? - 1) n on conflict (user_id) do update set last_seq = excluded.last_seq`,
    [prefix, turns, users],
  );
  await run(
    database,
    'sessions',
    `insert into sessions (session_id, user_id)
     select ${sessionOf('user_id')}, user_id from (select ? || '-' || n as user_id from generate_series(0, ? - 1) n) named
     on conflict do nothing`,
    [prefix, users],
  );
}

/** The turns `from` … `to` of each user, with one column for each thing that the rows need. */
const NUMBERED = `(select gen_random_uuid() as turn_id, user_id, ${sessionOf('user_id')} as session_id, seq
  from (select ? || '-' || n as user_id from generate_series(0, ? - 1) n) named cross join generate_series(?::int8, ?::int8) seq)`;
const TURN_COLUMNS =
  'turn_id, user_id, session_id, seq, status, epoch, text, reply, metadata, tags, attempts, created_at, started_at, finished_at';
const PAST = "now() - interval '1 day'";

/** Gives each of the users completed turns up to the sequence number `turns`, with two conversation rows for each. It
 *  begins behind the last turn of all of them. */
export async function seedTurns(database: Database, prefix: string, users: number, turns: number): Promise<void> {
  const [found] = await database.rows<{ last: number | null }>(
    { name: 'bench-last', sql: 'select max(last_seq) as last from users where user_id like ?' },
    [`${prefix}-%`],
  );
  const first = (found?.last ?? 0) + 1;
  await seedUsers(database, prefix, users, turns);
  await run(
    database,
    'turns',
    `with numbered as materialized ${NUMBERED},
       done as (insert into turns (${TURN_COLUMNS})
         select turn_id, user_id, session_id, seq, 'completed', 1, 'Hello ' || seq, 'echo: Hello ' || seq, '{}', '[]', 1, ${PAST}, ${PAST}, ${PAST}
         from numbered)
     insert into conversation_rows (user_id, seq, ordinal, session_id, turn_id, role, content, tags, metadata, created_at)
     select user_id, seq, ordinal, session_id, turn_id, case ordinal when 0 then 'user' else 'assistant' end,
            case ordinal when 0 then 'Hello ' else 'echo: Hello ' end || seq, '[]', '{}', ${PAST}
     from numbered cross join generate_series(0, 1) ordinal`,
    [prefix, users, first, turns],
  );
}

/** Adds users whose only turn awaits review. */
export async function seedReviews(database: Database, prefix: string, reviews: number): Promise<void> {
  await seedUsers(database, prefix, reviews, 1);
  await run(
    database,
    'reviews',
    `with numbered as materialized ${NUMBERED},
       parked as (insert into turns (${TURN_COLUMNS})
         select turn_id, user_id, session_id, seq, 'awaiting_review', 1, 'urgent', null, '{}', '[]', 1, ${PAST}, ${PAST}, null
         from numbered)
     insert into reviews (review_id, turn_id, user_id, session_id, seq, reasons, draft, deadline)
     select gen_random_uuid(), turn_id, user_id, session_id, seq, '[]', 'echo: urgent', now() + interval '1 day' from numbered`,
    [prefix, reviews, 1, 1],
  );
}
