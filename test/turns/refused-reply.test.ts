// A reply that the database refuses because of its data: the turn fails at once. Another call of the model would be paid
// for and meet the same error.
import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { startApp } from '../support/app.ts';
import { chat, waitForTurn } from '../support/client.ts';

/** Refusals of the statements that deliver and park a reply. */
const REFUSALS = {
  'a constraint': "raise exception 'refused' using errcode = '23514'",
  'a value': "perform 'x'::int4",
  'a size': "raise exception 'refused' using errcode = '54000'",
} as const;

for (const [what, refusal] of Object.entries(REFUSALS))
  test(`a reply that the database refuses because of ${what} fails its turn on the first claim`, async (t) => {
    const { url, model, databaseUrl } = await startApp(t);
    const builder = await connect(databaseUrl, { poolSize: 1 });
    t.teardown(() => builder.destroy());
    await builder.raw(`create function refuse() returns trigger language plpgsql as $$ begin
      if new.status in ('completed', 'awaiting_review') and new.text like '%bad' then ${refusal}; end if; return new; end $$`);
    await builder.raw('create trigger refusing before update on turns for each row execute function refuse()');
    for (const text of ['bad', 'help, bad']) {
      const accepted = await chat(url, { user_id: 'ann', text });
      const behind = await chat(url, { user_id: 'ann', text: `behind ${text}, good` });
      const turn = await waitForTurn(url, accepted.turn_id, 10_000);
      t.like(turn, { status: 'failed', attempts: 1, reply: null, error: { code: 'internal_error' } }, text);
      t.is(model.count(text), 1);
      t.not((await waitForTurn(url, behind.turn_id)).status, 'failed');
    }
  });
