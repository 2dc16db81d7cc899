// How a worker reacts to hints about its claims.
import test from 'ava';
import { ClaimKeeper, ClaimLost } from '../../src/turns/claim-keeper.ts';

const CLAIM = { turnId: 'turn-1', epoch: 1 };

/** Returns a keeper. In its database, the given turns are running. */
function keeperOf(running: Set<string>) {
  const renewals: string[][] = [];
  const keeper = new ClaimKeeper({
    leaseS: 120,
    connectedAt: 0,
    renew: async (claims) => {
      renewals.push(claims.map(({ turnId }) => turnId));
      return { at: Date.now(), held: running, renewed: running };
    },
    release: async () => {},
  });
  return { keeper, renewals };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

test('a hint about a lost claim aborts its work with ClaimLost', async (t) => {
  const { keeper } = keeperOf(new Set());
  const work = keeper.hold(CLAIM, untilAborted);
  await keeper.check('turn-1');
  await t.throwsAsync(work, { instanceOf: ClaimLost });
});

test('a hint about a valid claim renews the claim and does not abort its work', async (t) => {
  const { keeper, renewals } = keeperOf(new Set(['turn-1']));
  const work = keeper.hold(CLAIM, async (signal) => {
    await keeper.check('turn-1');
    return signal.aborted;
  });
  t.false(await work);
  t.deepEqual(renewals, [['turn-1']]);
});

test('a hint that arrives before the claim is held is kept until the claim is held', async (t) => {
  const { keeper } = keeperOf(new Set());
  await keeper.check('turn-1');
  await t.throwsAsync(keeper.hold(CLAIM, untilAborted), { instanceOf: ClaimLost });
});

test('hints about turns of other workers cause no query and are discarded at the next renewal', async (t) => {
  const { keeper, renewals } = keeperOf(new Set(['turn-1']));
  await keeper.check('of another worker');
  await keeper.check('turn-1');
  t.deepEqual(renewals, []);
  await keeper.renew();
  await keeper.hold(CLAIM, async () => {});
  t.deepEqual(renewals, [[]]);
});
