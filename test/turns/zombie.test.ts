import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, delivered, waitForTurn, eventually, type TurnJson } from '../support/client.ts';
import { connect } from '../../src/store/connect.ts';

test('a worker that lost its claim cannot commit, and the turn is answered once', async (t) => {
  const app = await startApp(t, { settings: { LEASE_S: '30' } });
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  app.model.script(async (one) => {
    if (one.kind === 'chat' && one.attempt === 1) await released;
    return { text: `attempt ${one.attempt}` };
  });
  const turn = await chat(app.url, { user_id: 'ann', text: 'who answers?' });
  await eventually('the first model call', async () => app.model.chatCalls.length === 1);
  // Simulates a worker that was frozen for longer than its lease, and a second worker that claimed the turn and died.
  // The sweeper finds the turn. Then the first worker continues with an old epoch.
  const builder = await connect(app.databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  await builder('turns')
    .where('turn_id', turn.turn_id)
    .update({ epoch: 2, lease_until: new Date(Date.now() - 1_000) });
  const final = await waitForTurn(app.url, turn.turn_id);
  t.like(final, { status: 'completed', reply: 'attempt 2' });
  release();
  await app.model.stop();
  t.like((await call<TurnJson>(app.url, `/turns/${turn.turn_id}`)).body, { reply: 'attempt 2' });
  t.deepEqual(
    (await delivered(app.url, 'ann')).map(({ content }) => content),
    ['who answers?', 'attempt 2'],
  );
});
