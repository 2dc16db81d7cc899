import test, { type ExecutionContext } from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, chat, delivered, waitForTurn, type TurnJson } from '../support/client.ts';
import { waitForCall } from '../support/held-model.ts';

const ROUNDS = 100;
const USERS = 4;

/** Asserts that seq has no gaps, all turns are final, and the conversation rows are the completed turns, in order. */
async function assertConsistent(t: ExecutionContext, url: string, user: string): Promise<TurnJson[]> {
  const turns: TurnJson[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { items: TurnJson[]; next_cursor: string | null } = (
      await call<{ items: TurnJson[]; next_cursor: string | null }>(
        url,
        `/users/${user}/turns?limit=100${cursor && `&cursor=${cursor}`}`,
      )
    ).body;
    turns.unshift(...page.items.toReversed());
    cursor = page.next_cursor;
  }
  t.deepEqual(
    turns.map(({ seq }) => seq),
    turns.map((_, index) => index + 1),
  );
  for (const { status, reply, partial_reply: partial } of turns) {
    t.true(['completed', 'cancelled'].includes(status), status);
    t.is(reply === null, status === 'cancelled');
    if (status === 'completed') t.is(partial, null);
  }
  t.deepEqual(
    (await delivered(url, user)).map(({ content }) => content),
    turns.filter(({ status }) => status === 'completed').flatMap(({ text, reply }) => [text, reply!]),
  );
  return turns;
}

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  for (const rule of ['interrupt', 'rollback'])
    run(`${runtime}: a turn that ${rule} hits near its commit is completed or cancelled, never both`, async (t) => {
      const { url, model } = await startApp(t, { runtime, settings: { LEASE_S: '3' } });
      model.script(() => ({ delayMs: 10 }));
      let pauseMs = 10;
      const outcomes = { completed: 0, cancelled: 0 };
      for (let round = 0; round < ROUNDS; round += 1) {
        const user = `racer-${round % USERS}`;
        const first = await chat(url, { user_id: user, text: `first ${round}` });
        await waitForCall(model, `first ${round}`);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        const second = await chat(url, { user_id: user, text: `second ${round}`, on_busy: rule });
        const [one, two] = await Promise.all([waitForTurn(url, first.turn_id), waitForTurn(url, second.turn_id)]);
        t.is(two.reply, `echo: second ${round}`);
        if (rule === 'rollback') t.is(one.partial_reply, null);
        // Adjusts the pause so that the interruption meets the commit.
        pauseMs = Math.max(0, pauseMs + (one.status === 'cancelled' ? 1 : -1));
        outcomes[one.status as keyof typeof outcomes] += 1;
      }
      t.true(outcomes.completed > 0 && outcomes.cancelled > 0, JSON.stringify(outcomes));
      for (let number = 0; number < USERS; number += 1) await assertConsistent(t, url, `racer-${number}`);
    });
}

test('if all busy rules run at the same time, every message is answered once, cancelled or refused', async (t) => {
  const { url, model } = await startApp(t, { settings: { LEASE_S: '3' } });
  model.script((one) => ({ delayMs: one.number % 7 }));
  const rules = ['enqueue', 'reject', 'interrupt', 'rollback', 'merge'];
  const sessions = Array.from({ length: USERS }, (_, n) => `00000000-0000-4000-8000-00000000000${n}`);
  const posts = Array.from({ length: 200 }, async (_, number) => {
    await new Promise((resolve) => setTimeout(resolve, number * 2));
    const user = number % USERS;
    const body = {
      user_id: `mixed-${user}`,
      text: `<${number}>`,
      metadata: { session_id: sessions[user] },
      on_busy: rules[number % rules.length],
    };
    const reply = await call<TurnJson>(url, '/chat', { body });
    return { user, text: body.text, reply };
  });
  const sent = await Promise.all(posts);
  for (const { reply } of sent) if (reply.status !== 409) await waitForTurn(url, reply.body.turn_id);
  for (let user = 0; user < USERS; user += 1) {
    const turns = await assertConsistent(t, url, `mixed-${user}`);
    const texts = turns.flatMap(({ text }) => text.split('\n'));
    const accepted = sent.filter((one) => one.user === user && one.reply.status !== 409).map(({ text }) => text);
    t.deepEqual(texts.toSorted(), accepted.toSorted());
    for (const { text, status } of turns) t.true(model.count(text) <= 1 || status === 'cancelled', text);
  }
});
