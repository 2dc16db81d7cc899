// PROCESSES=2: two processes share the port, and a third one hosts the services and the embedded actors.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { isAvailable, RUNTIMES } from '../support/app.ts';
import { chat, delivered, echoedContents, eventually, waitForTurn, type TurnJson } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { SCRIPTED_MODEL, startScriptedModel } from '../support/model.ts';
import { isAlive, startProcess, treeOf, type AppProcess } from '../support/process.ts';
import { scrapeOf, type Scraped } from '../operations/scrape.ts';

const TURNS = 200;
const USERS = 20;

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};
/** The pids of the parent and of its children, in the order of their starts. */
const serversOf = ({ pid }: AppProcess): number[] =>
  treeOf(pid)
    .filter((each) => isAlive(each) && commandOf(each).includes('src/main.ts'))
    .toSorted((a, b) => a - b);

const metricsOf = (app: AppProcess): Promise<Scraped> => scrapeOf(/metrics {3}(\S+)\/metrics/.exec(app.output())![1]!);

/** Repeats the request if the process that answers it is killed, or if the database is overloaded (503). */
async function persistently<T>(request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request();
    } catch (error) {
      const repeatable = error instanceof TypeError || (error as Error).message.startsWith('503 ');
      if (!repeatable || attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test.serial : test.serial.skip;
  run(`${runtime}: two processes answer 200 turns once and in order, while one of them is killed`, async (t) => {
    t.timeout(180_000);
    const model = await startScriptedModel(t, () => ({ delayMs: 100 }));
    const app = await startProcess(t, {
      env: {
        DATA_DIR: temporaryFolder(t),
        ACTOR_RUNTIME: runtime,
        OPENAI_BASE_URL: model.baseUrl,
        OPENAI_MODEL: SCRIPTED_MODEL,
        PROCESSES: '2',
        METRICS_PORT: '0',
        LEASE_S: '2',
      },
    });
    t.is(app.output().split('turnkeeper is ready').length, 2, 'the banner is printed once');
    const before = serversOf(app);
    t.is(before.length, 3);

    const send = (number: number) =>
      persistently(() =>
        chat(
          app.url,
          { user_id: `user-${number % USERS}`, text: `message ${number}` },
          { 'idempotency-key': `key-${number}` },
        ),
      );
    const accepted = Promise.all(Array.from({ length: TURNS }, (_, number) => send(number)));
    // Read before the kill, because the counters of the killed process end with it.
    await eventually('both processes accept turns, and some are answered', async () => {
      const scraped = await metricsOf(app);
      const ofBoth = (name: string) => ['1', '2'].map((process) => scraped.value(name, { process }) ?? 0);
      // With grants, the first process to run a user answers the turns that the other one accepts.
      return (
        ofBoth('turnkeeper_turns_accepted_total').every((count) => count > 10) &&
        ofBoth('turnkeeper_turns_finished_total').some((count) => count > 0)
      );
    });
    t.true(model.chatCalls.length < TURNS, 'turns are queued and running');
    process.kill(before[1]!, 'SIGKILL');

    const finals: TurnJson[] = [];
    for (const turn of await accepted) finals.push(await persistently(() => waitForTurn(app.url, turn.turn_id)));
    for (const turn of finals) t.like(turn, { status: 'completed', reply: `echo: ${turn.text}` });
    for (let user = 0; user < USERS; user += 1) {
      const expected = echoedContents(finals, `user-${user}`);
      t.is(expected.length, (2 * TURNS) / USERS);
      t.deepEqual(
        (await persistently(() => delivered(app.url, `user-${user}`))).map(({ content }) => content),
        expected,
      );
    }
    // Only the turns that were running at the kill cause a second model call.
    t.true(model.chatCalls.length <= TURNS + USERS, `${model.chatCalls.length} model calls`);

    await eventually('the process is restarted', async () => serversOf(app).length === 3);
    const after = serversOf(app);
    t.false(after.includes(before[1]!));
    t.true(after.includes(before[2]!));
    await eventually('it is ready', async () => (await metricsOf(app)).value('turnkeeper_processes_ready') === 2);
    t.is((await metricsOf(app)).value('turnkeeper_process_restarts_total', { process: 'primary' }), 1);

    const pids = treeOf(app.pid);
    // Ctrl-C in a terminal reaches all of them.
    for (const pid of [...after.toReversed(), app.pid]) process.kill(pid, 'SIGINT');
    t.is(await app.exited, 0);
    t.deepEqual(pids.filter(isAlive), []);
  });
}

const EMBEDDED = { ACTOR_RUNTIME: 'embedded', PROCESSES: '2' };

test.serial('a signal to the parent alone stops all processes', async (t) => {
  const app = await startProcess(t, { env: { DATA_DIR: temporaryFolder(t), ...EMBEDDED } });
  const pids = treeOf(app.pid);
  const [parent] = serversOf(app);
  process.kill(parent!, 'SIGTERM');
  t.is(await app.exited, 0);
  t.deepEqual(pids.filter(isAlive), []);
});

test.serial('no process is left after kill -9 of the parent', async (t) => {
  const app = await startProcess(t, { env: { DATA_DIR: temporaryFolder(t), ...EMBEDDED } });
  const pids = treeOf(app.pid);
  const [parent] = serversOf(app);
  process.kill(parent!, 'SIGKILL');
  t.true(await eventually('all processes have ended', async () => pids.every((pid) => !isAlive(pid))));
});

test.serial('if the port is in use, the start fails once, with the name of the setting', async (t) => {
  const app = await startProcess(t, { env: { DATA_DIR: temporaryFolder(t), ...EMBEDDED } });
  const env = { DATA_DIR: temporaryFolder(t), ...EMBEDDED, PORT: new URL(app.url).port };
  const error = await t.throwsAsync(startProcess(t, { env }));
  t.regex(error.message, /ended with 1/);
  t.is(error.message.split('set PORT').length, 2, error.message);
});
