import test from 'ava';
import { isAvailable, RUNTIMES } from '../support/app.ts';
import { chat, delivered, echoedContents, waitForTurn } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { SCRIPTED_MODEL, startScriptedModel } from '../support/model.ts';
import { startProcess } from '../support/process.ts';

const TURNS = 200;
const USERS = 20;
const RECOVERY_MS = 20_000;

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test.serial : test.serial.skip;
  run(`${runtime}: kill -9 of all processes during 200 turns loses no turn and answers none twice`, async (t) => {
    t.timeout(180_000);
    const model = await startScriptedModel(t, () => ({ delayMs: 100 }));
    const env = {
      DATA_DIR: temporaryFolder(t),
      ACTOR_RUNTIME: runtime,
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODEL: SCRIPTED_MODEL,
    };
    const before = await startProcess(t, { env });
    const turns = await Promise.all(
      Array.from({ length: TURNS }, (_, number) =>
        chat(before.url, { user_id: `user-${number % USERS}`, text: `message ${number}` }),
      ),
    );
    // At this point some turns are answered, many are queued, and one turn of each user is running.
    const answeredBefore = model.chatCalls.length;
    t.true(answeredBefore < TURNS);
    await before.killAll();

    const after = await startProcess(t, { env });
    const readyAt = Date.now();
    const finals = await Promise.all(turns.map((turn) => waitForTurn(after.url, turn.turn_id)));
    t.true(Date.now() - readyAt < RECOVERY_MS, `answered ${Date.now() - readyAt} ms after ready`);
    for (const turn of finals) t.like(turn, { status: 'completed', reply: `echo: ${turn.text}` });
    for (let user = 0; user < USERS; user += 1) {
      const expected = echoedContents(finals, `user-${user}`);
      t.deepEqual(
        (await delivered(after.url, `user-${user}`)).map(({ content }) => content),
        expected,
      );
    }
    // Only the turns that were running at the kill cause a second model call.
    t.true(model.chatCalls.length <= TURNS + USERS, `${model.chatCalls.length} model calls`);
    t.is(await after.stop(), 0);
  });
}
