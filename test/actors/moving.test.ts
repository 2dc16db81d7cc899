// Actors move between hosts while turns run (Dapr runtime only).
import test from 'ava';
import { isAvailable, startApp } from '../support/app.ts';
import { chat, delivered, waitForTurn } from '../support/client.ts';

const USERS = 30;
const run = isAvailable('dapr') ? test : test.skip;

run('actors move between two hosts, and no turn is lost or answered twice', async (t) => {
  t.timeout(120_000);
  const first = await startApp(t, { runtime: 'dapr' });
  const { databaseUrl, redisUrl, model } = first;
  const turns = new Map<string, string>();
  const stopClients = new AbortController();
  let number = 0;
  // The clients send messages during the whole test.
  const write = async () => {
    while (!stopClients.signal.aborted) {
      const text = `message ${number}`;
      const turn = await chat(first.url, { user_id: `user-${number++ % USERS}`, text });
      turns.set(turn.turn_id, text);
      await waitForTurn(first.url, turn.turn_id);
    }
  };
  const clients = Promise.all(Array.from({ length: 4 }, write));

  // A second host joins: about half of the actors move to it. Then it leaves, and they move back.
  const joining = {
    runtime: 'dapr',
    databaseUrl,
    redisUrl,
    model,
    placement: first.placement!,
    roles: 'actors',
  } as const;
  const second = await startApp(t, joining);
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  await second.stop();
  await second.sidecar!.stop();
  // A third host joins, and its daprd is killed.
  const third = await startApp(t, joining);
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  third.sidecar!.kill('SIGKILL');
  await third.stop();
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  stopClients.abort();
  await clients;

  t.true(turns.size > USERS);
  for (const [turnId, text] of turns)
    t.like(await waitForTurn(first.url, turnId), { status: 'completed', reply: `echo: ${text}` });
  for (const text of turns.values()) t.is(model.count(text), 1, text);
  for (let user = 0; user < USERS; user += 1) {
    const rows = await delivered(first.url, `user-${user}`);
    const replies = rows.filter(({ role }) => role === 'assistant').map(({ turn_id: id }) => id);
    t.is(new Set(replies).size, replies.length, 'no reply is stored twice');
  }
});
