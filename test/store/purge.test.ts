// Erasing the rows of a user in batches.
import test, { type ExecutionContext } from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { claimNext } from '../../src/store/claims.ts';
import { commitAnswer } from '../../src/store/commit-turn.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { beginErasure, dueErasures, finishErasure, removeRows } from '../../src/store/erasures.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { purgeUser } from '../../src/store/purge-user.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';
import { freshDatabase } from '../support/services.ts';

const TURNS = 2_500;

async function openWithTurns(t: ExecutionContext): Promise<Database> {
  const { url } = await freshDatabase(t);
  await migrateDatabase(url);
  const database = new Database(await connect(url, { poolSize: 8 }));
  t.teardown(() => database.close());
  const insert = (sql: string) => database.builder.raw(sql);
  await insert(`insert into turns (turn_id, user_id, session_id, seq, status, text, reply, metadata, tags, finished_at)
    select gen_random_uuid(), 'ann', gen_random_uuid(), n, 'completed', 'text', 'reply', '{}', '["tag"]', now()
    from generate_series(1, ${TURNS}) n`);
  await insert(`insert into users (user_id, last_seq) values ('ann', ${TURNS})`);
  await insert(`insert into sessions (session_id, user_id) select session_id, user_id from turns`);
  await insert(`insert into conversation_rows (user_id, seq, ordinal, session_id, turn_id, role, content, tags, metadata)
    select user_id, seq, o, session_id, turn_id, 'user', text, tags, metadata from turns cross join generate_series(0, 1) o`);
  await insert(`insert into conversation_tags (user_id, tag, seq) select user_id, 'tag', seq from turns`);
  await insert(`insert into turn_pictures (user_id, turn_id, ordinal, media_type, bytes)
    select user_id, turn_id, 0, 'image/png', '\\x89' from turns where seq <= 50`);
  await insert(`insert into uncounted_turns (turn_id) select turn_id from turns`);
  await insert(`insert into analytics_days (user_id, day, status, turns, reviewed, input_tokens, output_tokens, first_at, last_at)
    values ('ann', current_date, 'completed', ${TURNS}, 0, 0, 0, now(), now())`);
  return database;
}

const TABLES = [
  'turns',
  'turn_pictures',
  'sessions',
  'conversation_rows',
  'conversation_tags',
  'uncounted_turns',
  'due_summaries',
];

async function rowsIn(database: Database): Promise<Record<string, number>> {
  const counts = TABLES.map(async (table) => {
    const [row] = await database.rows<{ n: number }>(
      { name: `count-${table}`, sql: `select count(*) as n from ${table}` },
      [],
    );
    return [table, row!.n] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}
const NONE = Object.fromEntries(TABLES.map((table) => [table, 0]));

test('an erasure removes the rows of a large user, and running work cannot commit afterwards', async (t) => {
  const database = await openWithTurns(t);
  const running = newId();
  await acceptTurn(database, running, newTurnOf('ann'), NO_LIMITS);
  await acceptTurn(database, newId(), newTurnOf('ann'), NO_LIMITS);
  const claim = await claimNext(database, { userId: 'ann', leaseS: 30, exchanges: 0, memoryKey: null });
  if (claim.outcome !== 'claimed') return t.fail(claim.outcome);
  const erasureId = newId();
  const { turnIds } = await beginErasure(database, erasureId, 'ann');
  t.true(turnIds.includes(running), 'its worker is notified');
  const answer = {
    reply: 'late',
    model: 'm',
    usage: { inputTokens: 1, outputTokens: 1 },
    finishReason: 'stop' as const,
  };
  t.is(await commitAnswer(database, claim.turn, 1, answer, []), null);
  t.like(await acceptTurn(database, newId(), newTurnOf('ann'), NO_LIMITS), { outcome: 'being_erased' });
  // Of a user with more rows than a client can wait for, a pass removes the rest.
  await removeRows(database, 'ann');
  t.deepEqual(await rowsIn(database), NONE);
  const kept: { user_id: string; turns: number }[] = await database.builder('analytics_days');
  t.deepEqual(
    kept.map(({ user_id: user, turns }) => [user, turns]),
    [['', TURNS]],
  );
  const [due] = await dueErasures(database, 1);
  t.is(due!.erasureId, erasureId);
  t.true(due!.turnIds.length >= TURNS, 'every pass knows the turns whose deltas may be left');
  await finishErasure(database, due!);
  t.like(await acceptTurn(database, newId(), newTurnOf('ann'), NO_LIMITS), { outcome: 'accepted', turn: { seq: 1 } });
});

test('an erasure that was interrupted between two batches continues; two that run at once remove everything', async (t) => {
  const database = await openWithTurns(t);
  let batches = 0;
  const crash = async () => {
    batches += 1;
    if (batches === 2) throw new Error('the process ends here');
  };
  await t.throwsAsync(purgeUser(database, 'ann', crash), { message: 'the process ends here' });
  const left = await rowsIn(database);
  t.is(left['turns'], TURNS - 1_000, 'the first batch is gone, the second is not');
  t.is(left['uncounted_turns'], TURNS - 1_000);
  const ids = [newId(), newId()];
  const begun = await Promise.all(ids.map((id) => beginErasure(database, id, 'ann')));
  t.is(begun[0]!.erasure.erasureId, begun[1]!.erasure.erasureId);
  await Promise.all([removeRows(database, 'ann'), removeRows(database, 'ann')]);
  t.deepEqual(await rowsIn(database), NONE);
});
