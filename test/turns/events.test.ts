import test from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { chat, ended } from '../support/client.ts';
import { openEvents, read, Reading } from '../support/sse.ts';

const REPLY = Array.from({ length: 40 }, (_, number) => `word-${number} with 🎈 and ü`).join(' ');

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;
  run(
    `${runtime}: the whole life of a turn is told, its deltas are the reply, and every id resumes to the rest`,
    async (t) => {
      const { url, model } = await startApp(t, { runtime });
      model.script((call) => (call.kind === 'chat' ? { text: REPLY, trickleMs: 5, delayMs: 200 } : {}));
      // The turn before it keeps this one queued until the reader is there.
      await chat(url, { user_id: 'ann', text: 'before' });
      const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'hello' });
      const whole = await read(url, turnId);
      t.deepEqual(whole.statuses, ['queued', 'running', 'completed']);
      t.is(whole.text, REPLY);
      t.deepEqual(whole.turn, await ended(url, turnId));
      const deltas = whole.events.filter(({ event }) => event === 'delta');
      t.true(deltas.length > 3, `${deltas.length} deltas`);
      t.is(new Set(whole.events.map(({ id }) => id)).size, whole.events.length, 'ids are unique');

      for (const [index, { id }] of whole.events.slice(0, -1).entries()) {
        const rest = new Reading();
        rest.lastEventId = id;
        t.deepEqual((await read(url, turnId, rest)).events, whole.events.slice(index + 1), id);
      }
      t.is((await openEvents(url, turnId, { lastEventId: whole.lastEventId })).status, 204, 'nothing is left');
      const late = await read(url, turnId);
      t.deepEqual(
        late.events,
        [whole.events.at(-1)!].map((event) => ({ ...event, id: late.events[0]!.id })),
      );
    },
  );
}
