import test from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { chat, waitForTurn } from '../support/client.ts';
import { openEvents, read, TurnView } from '../support/sse.ts';

const REPLY = Array.from({ length: 40 }, (_, number) => `word-${number} with 🎈 and ü`).join(' ');

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;
  run(`${runtime}: a stream sends every status of a turn and all deltas, and resumes at every event id`, async (t) => {
    const { url, model } = await startApp(t, { runtime });
    model.script((call) => (call.kind === 'chat' ? { text: REPLY, trickleMs: 5, delayMs: 200 } : {}));
    // The previous turn keeps this turn queued until the reader has connected.
    await chat(url, { user_id: 'ann', text: 'before' });
    const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'hello' });
    const whole = await read(url, turnId);
    t.deepEqual(whole.statuses, ['queued', 'running', 'completed']);
    t.is(whole.text, REPLY);
    t.deepEqual(whole.turn, await waitForTurn(url, turnId));
    const deltas = whole.events.filter(({ event }) => event === 'delta');
    t.true(deltas.length > 3, `${deltas.length} deltas`);
    t.is(new Set(whole.events.map(({ id }) => id)).size, whole.events.length, 'ids are unique');

    for (const [index, { id }] of whole.events.slice(0, -1).entries()) {
      const rest = new TurnView();
      rest.lastEventId = id;
      t.deepEqual((await read(url, turnId, rest)).events, whole.events.slice(index + 1), id);
    }
    t.is((await openEvents(url, turnId, { lastEventId: whole.lastEventId })).status, 204, 'nothing is left');
    const late = await read(url, turnId);
    t.deepEqual(
      late.events,
      [whole.events.at(-1)!].map((event) => ({ ...event, id: late.events[0]!.id })),
    );
  });
}
