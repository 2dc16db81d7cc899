import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, delivered, ended, eventually, type TurnJson } from '../support/client.ts';
import { connect } from '../../src/store/connect.ts';

test('a worker whose claim lapsed and was taken over cannot commit, and the turn is answered once', async (t) => {
  const app = await startApp(t, { settings: { LEASE_S: '30' } });
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  app.model.script(async (one) => {
    if (one.kind === 'chat' && one.attempt === 1) await held;
    return { text: `attempt ${one.attempt}` };
  });
  const turn = await chat(app.url, { user_id: 'ann', text: 'who answers?' });
  await eventually('the first call', async () => app.model.chatCalls.length === 1);
  // As if this worker had been frozen for longer than the lease, and another had claimed the turn and died: the sweeper
  // finds it, and the first one wakes up with an old epoch.
  const builder = await connect(app.databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  await builder('turns')
    .where('turn_id', turn.turn_id)
    .update({ epoch: 2, lease_until: new Date(Date.now() - 1_000) });
  const final = await ended(app.url, turn.turn_id);
  t.like(final, { status: 'completed', reply: 'attempt 2' });
  letGo();
  await app.model.stop();
  t.like((await call<TurnJson>(app.url, `/turns/${turn.turn_id}`)).body, { reply: 'attempt 2' });
  t.deepEqual(
    (await delivered(app.url, 'ann')).map(({ content }) => content),
    ['who answers?', 'attempt 2'],
  );
});
