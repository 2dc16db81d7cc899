import test from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { chat, delivered, waitForTurn, eventually } from '../support/client.ts';

const USERS = 100;
const TURNS = 1_000;
const CLIENTS = 16;

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test.serial : test.serial.skip;
  run(
    `${runtime}: 1,000 turns of 100 users from 16 clients are each answered once, in order, with one model call`,
    async (t) => {
      t.timeout(120_000);
      const { url, model } = await startApp(t, { runtime });
      let next = 0;
      const accepted = new Map<string, { seq: number; text: string }[]>();
      await Promise.all(
        Array.from({ length: CLIENTS }, async () => {
          for (let number = next++; number < TURNS; number = next++) {
            const userId = `user-${(number * 7) % USERS}`;
            const text = `message ${number}`;
            const turn = await chat(url, { user_id: userId, text });
            accepted.set(userId, [...(accepted.get(userId) ?? []), { seq: turn.seq, text }]);
            // Every second request waits for its reply, so that users have both queued and single turns.
            if (number % 2 === 0) t.is((await waitForTurn(url, turn.turn_id)).reply, `echo: ${text}`);
          }
        }),
      );
      for (const [userId, turns] of accepted) {
        const inOrder = turns.toSorted((a, b) => a.seq - b.seq);
        t.deepEqual(
          inOrder.map(({ seq }) => seq),
          inOrder.map((_, index) => index + 1),
          `${userId}: seq has no gaps`,
        );
        const rows = await eventually(`${userId} has all replies`, async () => {
          const found = await delivered(url, userId);
          return found.length >= inOrder.length * 2 && found;
        });
        t.deepEqual(
          rows.map(({ content }) => content),
          inOrder.flatMap(({ text }) => [text, `echo: ${text}`]),
          `${userId}: delivered in the order of acceptance`,
        );
        const calls = model.chatCalls.filter(({ lastUserMessage }) =>
          inOrder.some(({ text }) => text === lastUserMessage),
        );
        t.deepEqual(
          calls.map(({ lastUserMessage }) => lastUserMessage),
          inOrder.map(({ text }) => text),
          `${userId}: one model call for each turn, in order`,
        );
      }
      t.is(model.chatCalls.length, TURNS);
    },
  );
}
