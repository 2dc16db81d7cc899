import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import { connect } from '../../src/store/connect.ts';
import { countTurns } from '../../src/store/analytics.ts';
import { Database } from '../../src/store/database.ts';

interface Activity {
  readonly message_count: number;
  readonly by_status: Record<string, number>;
  readonly input_tokens: number;
}

test('a delivered turn is counted once, even if its event repeats, and the next prompt has the count', async (t) => {
  const { url, model, databaseUrl } = await startApp(t);
  model.script((one) => (one.lastUserMessage === 'bad' ? { status: 400 } : {}));
  t.like((await call(url, '/analytics/bob/initialize', { body: { message_count: 3 } })).body, {
    status: 'success',
    user_id: 'bob',
    message_count: 3,
  });
  const turns = [];
  for (const text of ['one', 'two', 'bad'])
    turns.push(await waitForTurn(url, (await chat(url, { user_id: 'bob', text })).turn_id));
  t.regex(model.chatCalls[0]!.messages[0]!.content, /Messages sent so far: 3/);
  const activity = () => call<Activity>(url, '/analytics/bob').then(({ body }) => body);
  await eventually('both counted', async () => (await activity()).message_count === 5);
  const database = new Database(await connect(databaseUrl, { poolSize: 1 }));
  t.teardown(() => database.close());
  await countTurns(
    database,
    turns.map(({ turn_id: id }) => id),
  );
  const found = await activity();
  t.is(found.message_count, 5);
  t.like(found.by_status, { completed: 2, failed: 1 });
  t.is(found.input_tokens, turns[0]!.usage!.input_tokens + turns[1]!.usage!.input_tokens);
  const days = (await call<{ items: (Activity & { day: string })[] }>(url, '/analytics')).body.items;
  t.deepEqual(
    days.map(({ day, message_count: count }) => [day, count]),
    [[new Date().toISOString().slice(0, 10), 2]],
  );
  await waitForTurn(url, (await chat(url, { user_id: 'bob', text: 'last' })).turn_id);
  t.regex(model.chatCalls.at(-1)!.messages[0]!.content, /Messages sent so far: 5/);
});
