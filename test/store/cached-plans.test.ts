// The plans of the hot statements are made once per connection, perhaps while the tables are empty, or while all turns are
// final. They must not read all unfinished turns of a user when there are many.
import { newId } from '../../src/domain/ids.ts';
import { countTurns } from '../../src/store/analytics.ts';
import { claimNext } from '../../src/store/claims.ts';
import { commitAnswer } from '../../src/store/commit-turn.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
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
    /** The blocks of a statement that is prepared on the only connection already. */
    const blocksOf = async (execute: string): Promise<number> => {
      const [row] = await database.rows<{ 'QUERY PLAN': [Plan] }>(
        { name: execute.slice(0, 60), sql: `explain (analyze, buffers, format json) execute ${execute}` },
        [],
      );
      const { Plan: plan } = row!['QUERY PLAN'][0];
      return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
    };
    const claimed = await blocksOf("claim('{ann}', '{null}', '{null}', '{null}', '{null}', 5, 'memory', 10)");
    t.true(claimed < MOST_BLOCKS, `the claim read ${claimed} blocks`);
    const running = await database.builder('turns').where('status', 'running').first();
    t.like(running, { seq: 1, epoch: 1 });
    const none = "'{}', '{}', '{}', '{}'";
    const committed = await blocksOf(
      `"commit-completed"('{${running.turn_id}}', '{1}', '{reply}', '{stop}', '{m}', '{1}', '{1}', '{1}', ${none})`,
    );
    t.true(committed < MOST_BLOCKS, `the commit read ${committed} blocks`);
    t.is((await database.builder('turns').where({ user_id: 'ann', status: 'completed' })).length, 1);
    const ids = `'{${running.turn_id}}'`;
    await database.builder('uncounted_turns').insert({ turn_id: running.turn_id }).onConflict().ignore();
    const counted = await blocksOf(`"count-turns"(${ids}, ${ids}, ${ids}, '{}', '{}', '${newId()}')`);
    t.true(counted < MOST_BLOCKS, `the count read ${counted} blocks`);
    t.like(await database.builder('message_counts').where('user_id', 'ann').first(), { sent: 1 });
  });
