// Actor calls that go to the parent process: errors, timeouts, the end of the parent.
import test from 'ava';
import { answerCall, ACTOR_CALL, ForwardedRuntime } from '../../src/actors/forwarded-runtime.ts';
import type { CallResult } from '../../src/actors/runtime.ts';
import { Unavailable } from '../../src/domain/errors.ts';
import { Requests } from '../../src/processes/requests.ts';
import { channel } from '../support/ports.ts';

type Run = (userId: string, method: string, args: unknown) => Promise<CallResult>;

/** A runtime whose calls are answered by `run` in the parent. `serve`: false: the parent answers no calls. */
async function forward(run: Run, { timeoutMs = 5_000, serve = true } = {}) {
  const { parent, child, close } = channel();
  if (serve) new Requests(parent).serve(ACTOR_CALL, (call) => answerCall({ run }, call));
  const requests = new Requests(child);
  const runtime = new ForwardedRuntime({ ask: (...request) => requests.ask(...request), timeoutMs });
  await runtime.start();
  return { runtime, close };
}

test('a call reaches the actors of the parent with its user, method and arguments', async (t) => {
  const calls: unknown[] = [];
  const { runtime } = await forward(async (...call) => {
    calls.push(call);
    return { ok: true, value: { outcome: 'nothing' } };
  });
  t.deepEqual(await runtime.call('ann', 'claim', { leaseS: 5, exchanges: 5 }), {
    outcome: 'nothing',
  });
  t.deepEqual(calls, [['ann', 'claim', { leaseS: 5, exchanges: 5 }]]);
});

test('unavailable actors are unavailable here too; other errors are not', async (t) => {
  const unavailable = await forward(async () => ({ ok: false, code: 'unavailable', detail: 'no lease' }));
  t.like(await t.throwsAsync(unavailable.runtime.call('ann', 'memory', {}), { instanceOf: Unavailable }), {
    dependency: 'actors',
    message: 'no lease',
  });
  for (const code of ['invalid_arguments', 'internal_error'] as const) {
    const { runtime } = await forward(async () => ({ ok: false, code, detail: 'why' }));
    const error = await t.throwsAsync(runtime.call('ann', 'memory', {}), { message: `UserSession ${code}: why` });
    t.false(error instanceof Unavailable);
  }
});

test('a parent that does not answer in time counts as unavailable', async (t) => {
  const { runtime } = await forward(() => new Promise(() => {}), { timeoutMs: 20 });
  await t.throwsAsync(runtime.call('ann', 'memory', {}), { instanceOf: Unavailable, message: /within 20 ms/ });
});

test('when the parent ends, open calls and later ones are unavailable at once', async (t) => {
  const { runtime, close } = await forward(() => new Promise(() => {}));
  const open = runtime.call('ann', 'memory', {});
  close();
  await t.throwsAsync(open, { instanceOf: Unavailable });
  await t.throwsAsync(runtime.call('ann', 'memory', {}), { instanceOf: Unavailable });
});

test('a runtime that is stopped sends no calls', async (t) => {
  const { runtime } = await forward(() => t.fail());
  await runtime.stop();
  await t.throwsAsync(runtime.call('ann', 'memory', {}), { instanceOf: Unavailable });
});

test('the parent runs only methods of UserSession', async (t) => {
  const run = () => t.fail();
  for (const method of ['constructor', 'toString', '__proto__', 'Claim'])
    await t.throwsAsync(answerCall({ run }, { userId: 'ann', method, args: {}, traceparent: null }));
});
