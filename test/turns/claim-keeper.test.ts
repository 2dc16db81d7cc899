// What a worker hears of a cancellation, and when.
import test from 'ava';
import { ClaimKeeper, ClaimLost } from '../../src/turns/claim-keeper.ts';

const CLAIM = { turnId: 'turn-1', epoch: 1 };

/** A keeper whose database has these turns running. */
function keeperOf(running: Set<string>) {
  const asked: string[][] = [];
  const keeper = new ClaimKeeper({
    leaseS: 120,
    renew: async (claims) => {
      asked.push(claims.map(({ turnId }) => turnId));
      return running;
    },
    release: async () => {},
  });
  return { keeper, asked };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

test('a doubt about a claim that is gone aborts its work with ClaimLost', async (t) => {
  const { keeper } = keeperOf(new Set());
  const work = keeper.hold(CLAIM, untilAborted);
  await keeper.doubt('turn-1');
  await t.throwsAsync(work, { instanceOf: ClaimLost });
});

test('a doubt that is wrong changes nothing: the row says whose the claim is', async (t) => {
  const { keeper, asked } = keeperOf(new Set(['turn-1']));
  const work = keeper.hold(CLAIM, async (signal) => {
    await keeper.doubt('turn-1');
    return signal.aborted;
  });
  t.false(await work);
  t.deepEqual(asked, [['turn-1']]);
});

test('a cancellation that is heard before the claim has come back to us is not forgotten', async (t) => {
  const { keeper } = keeperOf(new Set());
  await keeper.doubt('turn-1');
  await t.throwsAsync(keeper.hold(CLAIM, untilAborted), { instanceOf: ClaimLost });
});

test('doubts about turns of other workers cost no query and are forgotten at the next renewal', async (t) => {
  const { keeper, asked } = keeperOf(new Set(['turn-1']));
  await keeper.doubt('of another worker');
  await keeper.doubt('turn-1');
  t.deepEqual(asked, []);
  await keeper.renew();
  await keeper.hold(CLAIM, async () => {});
  t.deepEqual(asked, []);
});
