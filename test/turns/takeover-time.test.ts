// When a worker may take over lapsed claims, and when its renewals follow each other.
import test from 'ava';
import { TakeoverTime } from '../../src/turns/takeover-time.ts';
import { ClaimKeeper } from '../../src/turns/claim-keeper.ts';

const LEASE_S = 4;
const at = () => ({ at: Date.now() });

/** A process that has been connected for a long time. */
const steady = () => new TakeoverTime({ leaseS: LEASE_S, connectedAt: performance.now() - 60_000 });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a process that has just started waits before it takes over claims', async (t) => {
  const time = new TakeoverTime({ leaseS: LEASE_S, connectedAt: performance.now() });
  t.is(time.lapsedBefore, 0);
  await time.observe(async () => at());
  t.is(time.lapsedBefore, 0);
  t.true(time.answering);
});

test('a steady process takes over what lapsed before now, by the time of the database', async (t) => {
  const time = steady();
  t.is(time.lapsedBefore, 0, 'the time of the database is unknown');
  const database = Date.now() + 3_600_000;
  await time.observe(async () => ({ at: database }));
  await pause(20);
  t.true(time.lapsedBefore > database && time.lapsedBefore < database + 1_000);
});

test('after a failed renewal nothing is taken over, until some time after the next answer', async (t) => {
  const time = steady();
  await time.observe(async () => at());
  await t.throwsAsync(time.observe(() => Promise.reject(new Error('refused'))));
  t.false(time.answering);
  t.is(time.lapsedBefore, 0);
  await time.observe(async () => at());
  t.true(time.answering, 'its own turns run again at once');
  t.is(time.lapsedBefore, 0);
});

test('while a renewal gets no answer nothing is taken over, and shortly after it', async (t) => {
  const time = steady();
  await time.observe(async () => at());
  const answer = Promise.withResolvers<{ at: number }>();
  const hanging = time.observe(() => answer.promise);
  t.true(time.answering && time.lapsedBefore > 0);
  await pause(1_100);
  t.false(time.answering);
  t.is(time.lapsedBefore, 0);
  answer.resolve(at());
  await hanging;
  t.true(time.answering);
  t.is(time.lapsedBefore, 0, 'the owners renew first');
  await pause(1_100);
  t.true(time.lapsedBefore > 0);
});

test('one connection that hangs does not stop takeovers while others answer', async (t) => {
  const time = steady();
  const hanging = Promise.withResolvers<{ at: number }>();
  const first = time.observe(() => hanging.promise);
  await pause(1_100);
  t.false(time.answering);
  await time.observe(async () => at());
  t.true(time.answering && time.lapsedBefore > 0);
  hanging.reject(new Error('closed'));
  await t.throwsAsync(first);
  t.true(time.answering && time.lapsedBefore > 0);
});

test.serial('after a failure renewals follow at short intervals, and one that hangs does not stop them', async (t) => {
  const sent: number[] = [];
  let mode: 'answer' | 'fail' | 'hang' = 'answer';
  const keeper = new ClaimKeeper({
    leaseS: 30,
    connectedAt: 0,
    renew: async () => {
      sent.push(performance.now());
      if (mode === 'fail') throw new Error('refused');
      if (mode === 'hang') return new Promise(() => {});
      return { at: Date.now(), held: new Set<string>(), renewed: new Set<string>() };
    },
    release: async () => {},
  });
  mode = 'fail';
  keeper.start();
  t.teardown(() => keeper.abandon());
  await pause(1_700);
  t.true(sent.length >= 3 && sent.length <= 5, `${sent.length} renewals`);
  mode = 'answer';
  await pause(700);
  const before = sent.length;
  await pause(1_200);
  t.true(sent.length <= before + 1, 'every ten seconds again');
});
