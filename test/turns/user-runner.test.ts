// The places of a worker process: their number, the order of those who wait, and which jobs are skipped.
import test from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { UserRunner } from '../../src/turns/user-runner.ts';

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

const REACHABLE = { isReachable: () => true, giveUp: async () => null };

/** A runner over queues in memory. A turn named `lost…` loses its claim. */
function runnerOver(queues: Record<string, string[]>, concurrency: number) {
  const ran: string[] = [];
  const requeued: string[] = [];
  let running = 0;
  let most = 0;
  const runner: UserRunner = new UserRunner({
    turns: {
      async next(userId) {
        await tick();
        const turnId = queues[userId]?.shift();
        if (turnId === undefined) return null;
        most = Math.max(most, (running += 1));
        await tick();
        running -= 1;
        ran.push(turnId);
        return { turnId, isOver: !turnId.startsWith('lost') };
      },
    },
    concurrency,
    firstQueued: async (userId) => {
      const turnId = queues[userId]?.[0];
      return turnId === undefined ? null : { turnId, epoch: 0 };
    },
    ...REACHABLE,
    askHolder: () => {},
    requeue: ({ userId, turnId }) => {
      requeued.push(turnId);
      void runner.start(userId, turnId, 10_000);
    },
    log: createLog('silent'),
  });
  return { runner, ran, requeued, most: () => most };
}

const turnsOf = (user: string, count: number) => Array.from({ length: count }, (_, n) => `${user}${n}`);

test('no more users than places run at the same time, started by jobs and in the process alike', async (t) => {
  const users = Array.from({ length: 40 }, (_, n) => `user${n}-`);
  const { runner, ran, most } = runnerOver(Object.fromEntries(users.map((user) => [user, turnsOf(user, 3)])), 8);
  const started = users.map((user) => runner.tryStart(user));
  t.deepEqual(
    started,
    users.map((_, n) => n < 8),
  );
  await Promise.all(users.slice(8).map((user) => runner.start(user, `${user}0`, 10_000)));
  await runner.drain(1_000);
  t.true(most() <= 8, `${most()} at the same time`);
  t.true(ran.length >= 32 * 1);
});

test('all turns run once, and those of one user in order', async (t) => {
  const users = Array.from({ length: 20 }, (_, n) => `user${n}-`);
  const { runner, ran } = runnerOver(Object.fromEntries(users.map((user) => [user, turnsOf(user, 12)])), 3);
  await Promise.all(users.map((user) => runner.start(user, `${user}0`, 10_000)));
  while (ran.length < 240) await tick();
  t.is(new Set(ran).size, 240);
  for (const user of users)
    t.deepEqual(
      ran.filter((turn) => turn.startsWith(user)),
      turnsOf(user, 12),
    );
});

test('after five turns in a row, a user goes behind the users that wait', async (t) => {
  const { runner, ran, requeued } = runnerOver({ busy: turnsOf('busy', 20), other: ['other'] }, 1);
  t.true(runner.tryStart('busy'));
  const waiting = runner.start('other', 'other', 10_000);
  t.false(runner.tryStart('third'), 'a start in the process does not overtake those who wait');
  await waiting;
  while (ran.length < 21) await tick();
  t.is(ran.indexOf('other'), 5);
  t.deepEqual(requeued, ['busy5']);
});

test('the job of a turn that was delivered here is skipped, that of another turn is not', async (t) => {
  const queues: Record<string, string[]> = { ann: ['a1'], ben: ['lost1'] };
  const { runner, ran } = runnerOver(queues, 2);
  runner.tryStart('ann');
  runner.tryStart('ben');
  while (ran.length < 2) await tick();
  await tick();
  await tick();
  queues['ann']!.push('a2');
  queues['ben']!.push('lost1');
  await runner.start('ann', 'a1', 10_000);
  await runner.start('ben', 'lost1', 10_000);
  while (ran.length < 3) await tick();
  t.deepEqual(ran.slice(2), ['lost1']);
});

test('a turn that is started while the last claim finds nothing runs too', async (t) => {
  const queues: Record<string, string[]> = { ann: [] };
  const { runner, ran } = runnerOver(queues, 1);
  runner.tryStart('ann');
  // The claim is under way and has found nothing yet.
  setTimeout(() => {
    queues['ann']!.push('late');
    t.true(runner.tryStart('ann'));
  }, 0);
  while (ran.length < 1) await tick();
  t.deepEqual(ran, ['late']);
});

test('a runner that drains starts nothing, and does not keep those who wait', async (t) => {
  const { runner, ran } = runnerOver({ ann: turnsOf('a', 3), ben: ['b0'] }, 1);
  runner.tryStart('ann');
  const waiting = runner.start('ben', 'b0', 10_000);
  await tick();
  await runner.drain(1_000);
  t.false(await waiting);
  t.true(ran.length <= 1);
  t.false(runner.tryStart('ben'));
});

test('a start that waits too long for a place returns false, and does not run later', async (t) => {
  const { runner, ran } = runnerOver({ ann: turnsOf('a', 30), ben: ['b0'] }, 1);
  runner.tryStart('ann');
  t.false(await runner.start('ben', 'b0', 0));
  t.false(await runner.start('ben', 'b0', 1));
  while (ran.length < 30) await tick();
  t.deepEqual(ran, turnsOf('a', 30));
});

test('after an error the turns of the user run again, with growing pauses', async (t) => {
  const tries: number[] = [];
  const runner = new UserRunner({
    turns: {
      async next() {
        tries.push(performance.now());
        if (tries.length <= 3) throw new Error('the answer to the claim was lost');
        return null;
      },
    },
    concurrency: 1,
    firstQueued: async () => null,
    ...REACHABLE,
    askHolder: () => {},
    requeue: () => {},
    log: createLog('silent'),
  });
  t.true(runner.tryStart('ann'));
  for (const deadline = performance.now() + 5_000; tries.length < 4 && performance.now() < deadline;) await tick();
  t.is(tries.length, 4);
  const pauses = tries.slice(1).map((at, n) => at - tries[n]!);
  t.true(pauses[0]! >= 100 && pauses[1]! >= 200 && pauses[2]! >= 400, pauses.join(' '));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  t.is(tries.length, 4, 'no more tries after a success');
});

test('while actors cannot be reached, the next turn of a user goes to another worker, and none is started', async (t) => {
  const requeued: string[] = [];
  let isReachable = true;
  const runner = new UserRunner({
    turns: {
      async next() {
        isReachable = false;
        throw new Unavailable('actors');
      },
    },
    concurrency: 1,
    firstQueued: async () => null,
    isReachable: () => isReachable,
    giveUp: async (userId) => (userId === 'ann' ? { turnId: 'a0', epoch: 0 } : null),
    askHolder: () => {},
    requeue: ({ userId, turnId }) => void requeued.push(`${userId} ${turnId}`),
    log: createLog('silent'),
  });
  t.true(runner.tryStart('ann'));
  while (requeued.length === 0) await tick();
  t.deepEqual(requeued, ['ann a0']);
  t.false(runner.tryStart('ben'));
  await t.throwsAsync(runner.start('ben', 'b0', 10_000), { instanceOf: Unavailable });
  isReachable = true;
  t.true(runner.tryStart('ben'));
});

/** A runner whose turns call `work`. The turns of a user are numbered from 0. */
function runnerOf(concurrency: number, work: (runner: UserRunner, userId: string, turn: number) => Promise<void>) {
  const counts = new Map<string, number>();
  const runner: UserRunner = new UserRunner({
    turns: {
      async next(userId) {
        const turn = counts.get(userId) ?? 0;
        counts.set(userId, turn + 1);
        await tick();
        if (turn > 1) return null;
        await work(runner, userId, turn);
        return { turnId: `${userId}${turn}`, isOver: true };
      },
    },
    concurrency,
    firstQueued: async () => null,
    ...REACHABLE,
    askHolder: () => {},
    requeue: () => {},
    log: createLog('silent'),
  });
  return runner;
}

test('a turn that waits for a retry gives its place to other users, and its own user keeps its order', async (t) => {
  const log: string[] = [];
  const { signal } = new AbortController();
  const ended = Promise.withResolvers<void>();
  const runner = runnerOf(1, async (self, userId, turn) => {
    log.push(`${userId}${turn} begins`);
    if (userId === 'ann' && turn === 0) await self.pause('ann', 50, signal);
    log.push(`${userId}${turn} ends`);
    if (userId === 'ann' && turn === 1) ended.resolve();
  });
  t.true(runner.tryStart('ann'));
  const ben = runner.start('ben', 'ben0', 10_000);
  t.true(await ben);
  await ended.promise;
  t.deepEqual(
    log.map((line) => line.replace(' begins', '>').replace(' ends', '<')),
    ['ann0>', 'ben0>', 'ben0<', 'ben1>', 'ben1<', 'ann0<', 'ann1>', 'ann1<'],
  );
  await runner.drain(1_000);
});

test('after its wait a turn needs a place again, before users that have not begun', async (t) => {
  let working = 0;
  let most = 0;
  const order: string[] = [];
  const { signal } = new AbortController();
  const runner = runnerOf(2, async (self, userId, turn) => {
    if (turn > 0) return;
    if (userId.startsWith('early')) await self.pause(userId, 5, signal);
    most = Math.max(most, (working += 1));
    order.push(userId);
    await new Promise((resolve) => setTimeout(resolve, 20));
    working -= 1;
  });
  for (const userId of ['early1', 'early2']) t.true(runner.tryStart(userId));
  const late = Array.from({ length: 6 }, (_, n) => `late${n}`);
  await Promise.all(late.map((userId) => runner.start(userId, `${userId}0`, 10_000)));
  await runner.drain(5_000);
  t.true(most <= 2, `${most} at the same time`);
  t.deepEqual(order.slice(0, 4).toSorted(), ['early1', 'early2', 'late0', 'late1'].toSorted());
});

test('not more places are given away than there are, and an abort ends the wait', async (t) => {
  const abort = new AbortController();
  const begun: string[] = [];
  const runner = runnerOf(2, async (self, userId, turn) => {
    if (turn > 0) return;
    begun.push(userId);
    await self.pause(userId, 60_000, abort.signal);
  });
  const users = Array.from({ length: 6 }, (_, n) => `user${n}`);
  const started = Promise.all(users.map((userId) => runner.start(userId, `${userId}0`, 10_000)));
  while (begun.length < 4) await tick();
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.is(begun.length, 4, 'twice the places');
  t.false(runner.tryStart('another'));
  abort.abort();
  t.deepEqual(
    await started,
    users.map(() => true),
  );
  await runner.drain(5_000);
  t.is(begun.length, 6);
});
