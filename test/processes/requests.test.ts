import test from 'ava';
import { TimedOut } from '../../src/concurrency/within.ts';
import { ChannelClosed, Requests } from '../../src/processes/requests.ts';
import { channel } from '../support/ports.ts';

const TIMEOUT_MS = 5_000;

test('both sides ask at the same time, and each gets its own answers', async (t) => {
  const { parent, child } = channel();
  const [a, b] = [new Requests(parent), new Requests(child)];
  a.serve('double', async (body) => Number(body) * 2);
  b.serve('negate', async (body) => -Number(body));
  const numbers = Array.from({ length: 50 }, (_, index) => index + 1);
  t.deepEqual(
    await Promise.all(numbers.map((number) => b.ask('double', number, TIMEOUT_MS))),
    numbers.map((number) => number * 2),
  );
  t.deepEqual(await Promise.all([a.ask('negate', 1, TIMEOUT_MS), b.ask('double', 1, TIMEOUT_MS)]), [-1, 2]);
});

test('a handler that rejects, and a request without a handler, reject at the caller', async (t) => {
  const { parent, child } = channel();
  const [a, b] = [new Requests(parent), new Requests(child)];
  a.serve('fails', () => Promise.reject(new Error('the reason')));
  await t.throwsAsync(b.ask('fails', {}, TIMEOUT_MS), { message: 'the reason' });
  await t.throwsAsync(b.ask('unknown', {}, TIMEOUT_MS), { message: 'no handler for unknown' });
});

test('a request that is not answered in time rejects, and its late answer changes nothing', async (t) => {
  const { parent, child } = channel();
  const [a, b] = [new Requests(parent), new Requests(child)];
  const { promise, resolve } = Promise.withResolvers<unknown>();
  a.serve('slow', () => promise);
  a.serve('fast', async () => 'fast');
  await t.throwsAsync(b.ask('slow', {}, 20), { instanceOf: TimedOut });
  resolve('late');
  t.is(await b.ask('fast', {}, TIMEOUT_MS), 'fast');
});

test('when the other process ends, open requests and later ones reject at once', async (t) => {
  const { parent, child, close } = channel();
  const [a, b] = [new Requests(parent), new Requests(child)];
  a.serve('never', () => new Promise(() => {}));
  const open = b.ask('never', {}, TIMEOUT_MS);
  close();
  await t.throwsAsync(open, { instanceOf: ChannelClosed });
  await t.throwsAsync(b.ask('never', {}, TIMEOUT_MS), { instanceOf: ChannelClosed });
});

test('messages of other kinds on the channel are left alone', async (t) => {
  const { parent, child } = channel();
  const [a, b] = [new Requests(parent), new Requests(child)];
  a.serve('ping', async () => 'pong');
  for (const message of [{ stop: 'SIGTERM' }, { answer: 99, value: 1 }, {}])
    child.send(message, (error) => t.fail(error.message));
  t.is(await b.ask('ping', {}, TIMEOUT_MS), 'pong');
});
