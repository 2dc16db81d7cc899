// The plans of the hot statements are made once per connection, perhaps while the tables are empty, or while all turns are
// final. They must not read all unfinished turns of a user when there are many.
import { newId } from '../../src/domain/ids.ts';
import { rangesOf, type SeqRange } from '../../src/domain/branch.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { countTurns } from '../../src/store/analytics.ts';
import { claimNext } from '../../src/store/claims.ts';
import { commitAnswer } from '../../src/store/commit-turn.ts';
import { connect } from '../../src/store/connect.ts';
import { lastBefore } from '../../src/store/conversations.ts';
import { Database } from '../../src/store/database.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { freshDatabase, onPostgres } from '../support/services.ts';

const BACKLOG = 20_000;
/** Blocks that one turn may read. A plan that reads the backlog needs thousands. */
const MOST_BLOCKS = 250;

interface Plan {
  readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number };
}

const turnsOf = (user: string, status: string) =>
  `insert into turns (turn_id, user_id, session_id, seq, status, text, metadata, tags)
   select gen_random_uuid(), '${user}', gen_random_uuid(), n, '${status}', 'text', '{}', '[]' from generate_series(1, ${BACKLOG}) n`;

/** The tables when the plans are made. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  'empty tables': [],
  'final turns only': [turnsOf('ben', 'completed'), 'analyze'],
};

/** The blocks of a statement that is prepared on the only connection already. */
async function blocksOf(database: Database, execute: string): Promise<number> {
  const [row] = await database.rows<{ 'QUERY PLAN': [Plan] }>(
    { name: execute.slice(0, 60), sql: `explain (analyze, buffers, format json) execute ${execute}` },
    [],
  );
  const { Plan: plan } = row!['QUERY PLAN'][0];
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
}

for (const [when, texts] of Object.entries(BEFORE))
  onPostgres(`a plan that was made for ${when} serves a user with many queued turns`, async (t) => {
    const { url } = await freshDatabase(t);
    await migrateDatabase(url);
    const database = new Database(await connect(url, { poolSize: 1 }));
    t.teardown(() => database.close());
    const request = { userId: 'ann', leaseS: 5, exchanges: 5, memoryKey: 'memory' };
    const answer = {
      reply: 'reply',
      model: 'm',
      usage: { inputTokens: 1, outputTokens: 1 },
      finishReason: 'stop' as const,
    };
    for (const text of texts) await database.builder.raw(text);
    t.deepEqual(await claimNext(database, request), { outcome: 'nothing' });
    t.is(await commitAnswer(database, { turnId: newId(), epoch: 1 }, 1, answer, []), null);
    await countTurns(database, [newId()]);
    await database.builder.raw(turnsOf('ann', 'queued'));
    await database.builder.raw(turnsOf('cleo', 'completed'));
    const claimed = await blocksOf(
      database,
      "claim('{ann}', '{null}', '{null}', '{null}', '{null}', 10, 10, 10, 5, 'memory')",
    );
    t.true(claimed < MOST_BLOCKS, `the claim read ${claimed} blocks`);
    const running = await database.builder('turns').where('status', 'running').first();
    t.like(running, { seq: 1, epoch: 1 });
    const none = "'{}', '{}', '{}', '{}'";
    const committed = await blocksOf(
      database,
      `"commit-completed"('{${running.turn_id}}', '{1}', '{reply}', '{stop}', '{m}', '{1}', '{1}', '{1}', '{null}', ${none})`,
    );
    t.true(committed < MOST_BLOCKS, `the commit read ${committed} blocks`);
    t.is((await database.builder('turns').where({ user_id: 'ann', status: 'completed' })).length, 1);
    const ids = `'{${running.turn_id}}'`;
    await database.builder('uncounted_turns').insert({ turn_id: running.turn_id }).onConflict().ignore();
    const counted = await blocksOf(database, `"count-turns"(${ids}, ${ids}, ${ids}, '{}', '{}', '${newId()}')`);
    t.true(counted < MOST_BLOCKS, `the count read ${counted} blocks`);
    t.like(await database.builder('message_counts').where('user_id', 'ann').first(), { sent: 1 });
  });

const SESSION = newId();
const LONG = 10_000;
/** The paths of the branches of a session of 10,000 turns, by the seq of the turn that opened them. */
const SESSIONS: Readonly<Record<string, ReadonlyMap<number, readonly SeqRange[]>>> = {
  'without branches': new Map(),
  'whose last turn continues the second one': new Map([[LONG + 1, [[1, 2]]]]),
  'with 5,000 branches, of which the newest one continues 256': new Map(
    Array.from({ length: LONG / 2 }, (_, n): [number, SeqRange[]] => [
      2 * n + 3,
      Array.from({ length: Math.min(n, 256) }, (_each, back): SeqRange => [
        2 * (n - back),
        2 * (n - back),
      ]).toReversed(),
    ]),
  ),
};

/** Statistics of an empty table make other plans than none. */
const EMPTY: Readonly<Record<string, string>> = { 'empty tables': 'select 1', 'vacuumed empty tables': 'vacuum' };
const CASES = Object.entries(EMPTY).flatMap(([when, text]) =>
  Object.entries(SESSIONS).map(([what, paths]) => ({
    name: `${when} serves a session of 10,000 turns ${what}`,
    text,
    paths,
  })),
);

for (const { name, text, paths } of CASES)
  onPostgres(`a plan that was made for ${name}`, async (t) => {
    const { url } = await freshDatabase(t);
    await migrateDatabase(url);
    const database = new Database(await connect(url, { poolSize: 1 }));
    t.teardown(() => database.close());
    await database.builder.raw(text);
    const request = { userId: 'ann', leaseS: 5, exchanges: 5, memoryKey: 'memory' };
    t.deepEqual(await claimNext(database, request), { outcome: 'nothing' });
    const continues = { follows: newId(), shown: null };
    const message = newTurnOf('ann', { sessionId: SESSION, continues });
    t.like(await acceptTurn(database, newId(), message, NO_LIMITS), { outcome: 'unknown_follows' });
    await database.builder.raw(`insert into turns (turn_id, user_id, session_id, seq, status, text, metadata, tags)
      select gen_random_uuid(), 'ann', '${SESSION}', n, case when n > ${LONG} then 'queued' else 'completed' end, 'text', '{}', '[]'
      from generate_series(1, ${LONG + 1}) n`);
    await database.builder.raw(
      `update turns set branch_path = p.path from unnest(?::int8[], ?::jsonb[]) as p (seq, path) where turns.seq = p.seq`,
      [[...paths.keys()], [...paths.values()].map((path) => JSON.stringify(path))],
    );
    await database.builder
      .raw(`insert into conversation_rows (user_id, seq, ordinal, session_id, turn_id, role, content, tags, metadata)
      select user_id, seq, o, session_id, turn_id, case o when 0 then 'user' else 'assistant' end, seq || '.' || o, '[]', '{}'
      from turns cross join generate_series(0, 1) o where status = 'completed'`);
    const claimed = await blocksOf(
      database,
      "claim('{ann}', '{null}', '{null}', '{null}', '{null}', 10, 10, 10, 5, 'memory')",
    );
    t.true(claimed < MOST_BLOCKS, `the claim read ${claimed} blocks`);
    t.log(`the claim read ${claimed} blocks`);
    const { turn_id: turnId } = await database.builder('turns').where('seq', 2).first();
    const asked = [SESSION, SESSION, SESSION, 'ann', SESSION, 'ann', SESSION, turnId];
    const facts = await blocksOf(database, `"accept-branch-facts"(${asked.map((each) => `'${each}'`).join(', ')})`);
    t.true(facts < MOST_BLOCKS, `the accept read ${facts} blocks`);
    const rows = await lastBefore(database, { sessionId: SESSION, seq: LONG + 1 }, 2);
    const ranges = rangesOf(
      paths.size === 0 ? null : { seq: Math.max(...paths.keys()), path: [...paths.values()].at(-1)! },
      LONG,
    );
    const last = ranges.flatMap(([from, to]) =>
      Array.from({ length: Math.max(0, to - Math.max(from, to - 2) + 1) }, (_, n) => to - n).toReversed(),
    );
    t.deepEqual(
      rows.map(({ content }) => content),
      last.slice(-2).flatMap((seq) => [`${seq}.0`, `${seq}.1`]),
    );
  });
