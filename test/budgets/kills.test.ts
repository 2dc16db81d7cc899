// Budgets while worker processes are killed.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { assistantsFile } from '../support/assistants.ts';
import { call, chat, eventually, waitForTurn, type TurnJson } from '../support/client.ts';
import { SCRIPTED_MODEL, startScriptedModel } from '../support/model.ts';
import { startProcess, treeOf } from '../support/process.ts';
import { freshDatabase, redisUrl } from '../support/services.ts';
import { assertSettled } from './support.ts';

const USERS = 16;

interface ChargeJson {
  readonly turn_id: string;
  readonly per: string;
  readonly used: number;
}

test('the turns of killed workers run elsewhere, and the budgets have the sum over the turns', async (t) => {
  t.timeout(120_000);
  const { url: databaseUrl } = await freshDatabase(t);
  const model = await startScriptedModel(t, ({ attempt }) => (attempt === 1 ? { delayMs: 20_000 } : {}));
  const { path } = assistantsFile(t, {
    assistants: { support: { memory: false, parameters: { max_output_tokens: 3_000 } } },
    budgets: [
      { per: 'user', tokens: 5_000, window: '1d' },
      { per: 'all', tokens: 1_000_000, window: '1d' },
    ],
  });
  const { pid, url } = await startProcess(t, {
    args: ['src/main.ts', '--migrate'],
    env: {
      DATABASE_URL: databaseUrl,
      REDIS_URL: await redisUrl(t),
      ACTOR_RUNTIME: 'embedded',
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODEL: SCRIPTED_MODEL,
      PROCESSES: '2',
      LEASE_S: '2',
      ASSISTANTS: path,
    },
  });
  const isWorker = (each: number) => each !== pid && readFileSync(`/proc/${each}/cmdline`, 'utf8').includes('main.ts');
  const children = treeOf(pid).filter(isWorker);
  t.is(children.length, 2);
  const turns = await Promise.all(
    Array.from({ length: USERS }, (_, n) => chat(url, { user_id: `user-${n}`, text: `message ${n}` })),
  );
  await eventually('all calls began', async () => model.chatCalls.length === USERS);
  for (const child of children) process.kill(child, 'SIGKILL');
  const done = async ({ turn_id: turnId }: TurnJson): Promise<TurnJson | null> => {
    // The ingress of the instance is in the processes that were killed.
    const turn = await waitForTurn(url, turnId).catch(() => null);
    return turn?.status === 'completed' ? turn : null;
  };
  for (const turn of turns) {
    const { attempts, usage } = await eventually('it is answered', () => done(turn), 60_000);
    t.is(attempts, 2);
    const { body } = await call<{ budget_charges: ChargeJson[] }>(url, `/users/${turn.user_id}/export`);
    t.deepEqual(body.budget_charges.map(({ per }) => per).toSorted(), ['all', 'user']);
    for (const { turn_id: id, used } of body.budget_charges) {
      t.is(id, turn.turn_id);
      // The lost call counts as its reservation, and the other one as its usage.
      const lost = used - usage!.input_tokens - usage!.output_tokens;
      t.true(lost > 3_000 && lost < 5_000, String(lost));
    }
  }
  const database = new Database(await connect(databaseUrl, { poolSize: 1 }));
  t.teardown(() => database.close());
  await assertSettled(t, database);
});
