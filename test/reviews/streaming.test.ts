import test from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { chat, eventually } from '../support/client.ts';
import { read } from '../support/sse.ts';
import { decide, turnOf } from './support.ts';

const DRAFT = 'a draft that nobody has reviewed, in many words';

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;
  run(
    `${runtime}: a stream sends no part of a draft, waits for the decision, and sends the decided reply`,
    async (t) => {
      const { url, model } = await startApp(t, { runtime });
      model.script((call) => (call.kind === 'chat' ? { text: DRAFT, trickleMs: 5 } : {}));
      const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'I need help' });
      const reading = read(url, turnId);
      const parked = await eventually('the turn awaits review', async () => {
        const turn = await turnOf(url, turnId);
        return turn.status === 'awaiting_review' && turn;
      });
      await decide(url, parked.review!.review_id, { decision: 'edit', reply: 'A colleague will call you.' });
      const whole = await reading;
      t.deepEqual(whole.statuses.slice(-2), ['awaiting_review', 'completed']);
      t.deepEqual(
        whole.events.filter(({ event }) => event === 'delta'),
        [],
      );
      t.false(JSON.stringify(whole.events).includes('draft'));
      t.is(whole.turn?.reply, 'A colleague will call you.');
    },
  );
}
