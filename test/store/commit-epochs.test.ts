// Two claims of one turn in one shared commit.
import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import type { OutboxEvent } from '../../src/domain/events.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { claimNext } from '../../src/store/claims.ts';
import { commitAnswer } from '../../src/store/commit-turn.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';
import { freshDatabase } from '../support/services.ts';

const request = { userId: 'ann', leaseS: 10, exchanges: 0, memoryKey: null };

test('of two claims of a turn in one commit only the valid one is committed, with its events', async (t) => {
  const { url } = await freshDatabase(t);
  await migrateDatabase(url);
  const database = new Database(await connect(url, { poolSize: 4 }));
  t.teardown(() => database.close());
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const turnId = newId();
    await acceptTurn(database, turnId, newTurnOf('ann'), NO_LIMITS);
    const claims: { turnId: string; epoch: number }[] = [];
    for (const _ of [1, 2]) {
      const claim = await claimNext(database, request);
      if (claim.outcome !== 'claimed') return t.fail(claim.outcome);
      claims.push({ turnId, epoch: claim.turn.epoch });
      await database
        .builder('turns')
        .where('turn_id', turnId)
        .update({ lease_until: new Date(0) });
    }
    t.deepEqual(
      claims.map(({ epoch }) => epoch),
      [1, 2],
    );
    const eventOf = (n: number): OutboxEvent => ({
      eventId: newId(),
      topic: 'messages',
      userId: 'ann',
      data: { turn_id: turnId, claim: n },
      traceparent: null,
    });
    const commit = (n: number) => {
      const answer = {
        reply: `reply ${n}`,
        model: 'm',
        usage: { inputTokens: 1, outputTokens: 1 },
        finishReason: 'stop' as const,
      };
      return commitAnswer(database, claims[n]!, 1, answer, [eventOf(n)]);
    };
    // Started in one tick, so they share a statement.
    const results = await Promise.all(order.map(commit));
    t.deepEqual(order.map((n, index) => [n, results[index] !== null]).toSorted(), [
      [0, false],
      [1, true],
    ]);
    t.like(await database.builder('turns').where('turn_id', turnId).first(), { status: 'completed', reply: 'reply 1' });
    const events: { data: { turn_id: string; claim: number } }[] = await database.builder('outbox');
    t.deepEqual(
      events.filter(({ data }) => data.turn_id === turnId).map(({ data }) => data.claim),
      [1],
    );
  }
});
