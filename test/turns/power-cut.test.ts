import test from 'ava';
import { isAvailable, RUNTIMES } from '../support/app.ts';
import { chat, delivered, ended } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { SCRIPTED_MODEL, startScriptedModel } from '../support/model.ts';
import { startProcess } from '../support/process.ts';

const TURNS = 200;
const USERS = 20;
const RECOVERY_MS = 20_000;

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test.serial : test.serial.skip;
  run(`${runtime}: kill -9 of everything in the middle of 200 turns loses none and doubles none`, async (t) => {
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
    // In the middle: some are answered, many are not, and as many as there are users run.
    const answeredBefore = model.chatCalls.length;
    t.true(answeredBefore < TURNS);
    await before.killAll();

    const after = await startProcess(t, { env });
    const ready = Date.now();
    const finals = await Promise.all(turns.map((turn) => ended(after.url, turn.turn_id)));
    t.true(Date.now() - ready < RECOVERY_MS, `answered ${Date.now() - ready} ms after ready`);
    for (const turn of finals) t.like(turn, { status: 'completed', reply: `echo: ${turn.text}` });
    for (let user = 0; user < USERS; user += 1) {
      const expected = finals
        .filter(({ user_id: id }) => id === `user-${user}`)
        .toSorted((a, b) => a.seq - b.seq)
        .flatMap(({ text }) => [text, `echo: ${text}`]);
      t.deepEqual(
        (await delivered(after.url, `user-${user}`)).map(({ content }) => content),
        expected,
      );
    }
    // A turn that ran when the power went is called for again; no other is.
    t.true(model.chatCalls.length <= TURNS + USERS, `${model.chatCalls.length} model calls`);
    t.is(await after.stop(), 0);
  });
}
