// The contract suite of the actor runtimes: every test runs on the embedded runtime, on the embedded runtime of another
// process, and on the Dapr runtime.
import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import type { Database } from '../../src/store/database.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { isAvailable, RUNTIMES } from '../support/app.ts';
import { startRuntime } from '../support/actors.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';

async function accept(database: Database, userId: string, text: string) {
  const outcome = await acceptTurn(database, newId(), newTurnOf(userId, { text }), NO_LIMITS);
  if (outcome.outcome !== 'accepted') throw new Error(outcome.outcome);
  return outcome.turn;
}

for (const runtime of [...RUNTIMES, 'forwarded'] as const) {
  const run = runtime === 'forwarded' || isAvailable(runtime) ? test : test.skip;

  run(`${runtime}: turns of a user are claimed one at a time, in order, and the epoch increases`, async (t) => {
    const { actors, database } = await startRuntime(t, runtime);
    t.deepEqual(await actors.call('ann', 'claim', { leaseS: 10, exchanges: 5 }), { outcome: 'nothing' });
    const first = await accept(database, 'ann', 'one');
    await accept(database, 'ann', 'two');

    const claim = await actors.call('ann', 'claim', { leaseS: 10, exchanges: 5 });
    t.is(claim.outcome, 'claimed');
    if (claim.outcome !== 'claimed') return;
    t.like(claim.work, { turnId: first.turnId, epoch: 1, seq: 1, text: 'one', attempts: 1, messageCount: 0 });
    t.is(claim.work.memory.summary, 'ann is a new user.');
    t.deepEqual(await actors.call('ann', 'claim', { leaseS: 10, exchanges: 5 }), { outcome: 'busy' });

    await database
      .builder('turns')
      .where('turn_id', first.turnId)
      .update({ lease_until: new Date(0) });
    const takeover = await actors.call('ann', 'claim', { leaseS: 10, exchanges: 5 });
    t.like(takeover, { outcome: 'claimed', work: { turnId: first.turnId, epoch: 2, attempts: 2 } });
  });

  run(`${runtime}: only one of a hundred concurrent claims succeeds`, async (t) => {
    const { actors, database } = await startRuntime(t, runtime);
    await accept(database, 'ben', 'only');
    const claims = await Promise.all(
      Array.from({ length: 100 }, () => actors.call('ben', 'claim', { leaseS: 10, exchanges: 5 })),
    );
    t.is(claims.filter(({ outcome }) => outcome === 'claimed').length, 1);
  });

  run(`${runtime}: memory is stored, patched, renewed with its history, and forgotten`, async (t) => {
    const { actors, database } = await startRuntime(t, runtime);
    const unknown = await actors.call('cleo', 'memory', {});
    t.like(unknown, {
      name: 'cleo',
      preferredStyle: 'casual',
      summary: 'cleo is a new user.',
      version: 0,
      throughSeq: 0,
    });

    await actors.call('cleo', 'patch', { name: 'Cleo', summary: 'Cleo likes tea.', favouriteTopics: ['tea'] });
    t.like(await actors.call('cleo', 'memory', {}), {
      name: 'Cleo',
      summary: 'Cleo likes tea.',
      favouriteTopics: ['tea'],
      version: 1,
    });

    const turnIds = [(await accept(database, 'cleo', 'I like chess.')).turnId];
    await actors.call('cleo', 'renewSummary', { summary: 'Cleo likes tea and chess.', throughSeq: 3, turnIds });
    t.like(await actors.call('cleo', 'memory', {}), {
      summary: 'Cleo likes tea and chess.',
      version: 2,
      throughSeq: 3,
    });
    // A summary that covers no more turns than the stored one is ignored: it was delivered late or twice.
    await actors.call('cleo', 'renewSummary', { summary: 'late', throughSeq: 3, turnIds });
    t.like(await actors.call('cleo', 'memory', {}), { summary: 'Cleo likes tea and chess.', version: 2 });
    t.like(await actors.call('cleo', 'history', {}), {
      turnIds,
      past: [{ summary: 'Cleo likes tea.', version: 1, throughSeq: 0 }],
    });

    await actors.call('cleo', 'forget', {});
    t.like(await actors.call('cleo', 'memory', {}), {
      name: 'cleo',
      summary: 'cleo is a new user.',
      favouriteTopics: [],
      version: 3,
    });
    t.deepEqual(await actors.call('cleo', 'history', {}), { turnIds: [], past: [] });
  });

  run(`${runtime}: erase removes the memory, and a summary of erased turns is not stored`, async (t) => {
    const { actors } = await startRuntime(t, runtime);
    await actors.call('finn', 'patch', { name: 'Finn' });
    await actors.call('finn', 'erase', {});
    await actors.call('finn', 'erase', {});
    const summary = { summary: 'Finn likes tea.', throughSeq: 3, turnIds: [newId()] };
    t.like(await actors.call('finn', 'renewSummary', summary), { summary: 'finn is a new user.', version: 0 });
    t.like(await actors.call('finn', 'memory', {}), { name: 'finn', version: 0, throughSeq: 0 });
  });

  run(`${runtime}: calls of one user run one at a time, so that no patch of a burst is lost`, async (t) => {
    const { actors } = await startRuntime(t, runtime);
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => actors.call('dora', 'patch', { name: `Dora ${index}` })),
    );
    t.is((await actors.call('dora', 'memory', {})).version, 50);
  });

  run(`${runtime}: user ids of every allowed form have separate memories`, async (t) => {
    const { actors } = await startRuntime(t, runtime);
    const ids = ['a', 'A', 'a.b', 'a:b', 'a@b', 'a-b_c', '..', 'x'.repeat(128)];
    for (const id of ids) await actors.call(id, 'patch', { name: `name of ${id}` });
    for (const id of ids) t.is((await actors.call(id, 'memory', {})).name, `name of ${id}`);
  });

  run(`${runtime}: an invalid argument is refused and changes nothing`, async (t) => {
    const { actors } = await startRuntime(t, runtime);
    await t.throwsAsync(actors.call('eve', 'patch', { name: 1, status: 'admin' } as never), {
      message: /invalid_arguments/,
    });
    t.is((await actors.call('eve', 'memory', {})).version, 0);
  });
}
