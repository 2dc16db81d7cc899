// Who runs a turn after an outage: its owner if that still lives, otherwise another worker, and soon.
import test, { type ExecutionContext } from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { connect, NO_LIMITS } from '../../src/store/connect.ts';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, chat, eventually, waitForTurn, type TurnJson } from '../support/client.ts';
import { startScriptedModel, type ModelCall, type ScriptedModel } from '../support/model.ts';
import { freshDatabase, startPostgresServer } from '../support/services.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { startTwoWorkers } from '../support/two-workers.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends one message of each of many users. */
const chatOfMany = (url: string, users: number, prefix = 'user'): Promise<TurnJson[]> =>
  Promise.all(
    Array.from({ length: users }, (_, n) => chat(url, { user_id: `${prefix}-${n}`, text: `${prefix} ${n}` })),
  );

/** Sends a further message of each user as soon as the database accepts it: its claim finds the turn that runs. */
const chatAsSoonAsPossible = (url: string, turns: readonly TurnJson[]): Promise<TurnJson[]> =>
  Promise.all(
    turns.map(async ({ user_id: userId, text }, n) => {
      for (const headers = { 'idempotency-key': `key-${n}` }; ;) {
        const body = { user_id: userId, text: `after ${text}` };
        const reply = await call<TurnJson>(url, '/chat', { body, headers });
        if (reply.status < 300) return reply.body;
        await pause(20);
      }
    }),
  );

const slowAtFirst = ({ lastUserMessage }: ModelCall) => ({
  delayMs: lastUserMessage.startsWith('after') ? 0 : 12_000,
});

/** All turns are completed, and the model was called once for each. */
async function assertPaidOnce(t: ExecutionContext, url: string, model: ScriptedModel, turns: readonly TurnJson[]) {
  for (const turn of turns) {
    t.like(await waitForTurn(url, turn.turn_id), { status: 'completed', reply: `echo: ${turn.text}`, attempts: 1 });
    t.is(model.count(turn.text), 1, turn.text);
  }
}

test('after an outage longer than the lease, the owners go on and no turn is paid for twice', async (t) => {
  t.timeout(90_000);
  const postgres = await startPostgresServer(t);
  const model = await startScriptedModel(t, slowAtFirst);
  const { url } = await startTwoWorkers(t, model, postgres.url, { LEASE_S: '2' });
  // Longer than a fresh process waits before it takes over claims.
  await pause(5_000);
  const turns = await chatOfMany(url, 40);
  await eventually('all model calls began', async () => model.chatCalls.length === 40);
  await postgres.kill();
  await pause(5_000);
  const later = chatAsSoonAsPossible(url, turns);
  await postgres.restart();
  await assertPaidOnce(t, url, model, [...turns, ...(await later)]);
});

(isAvailable('dapr') ? test : test.skip)(
  'a worker that reaches the database again first leaves the others the time to renew their claims',
  async (t) => {
    t.timeout(90_000);
    const { url: databaseUrl } = await freshDatabase(t);
    const [first, second] = await Promise.all([startTcpProxy(t, databaseUrl), startTcpProxy(t, databaseUrl)]);
    const model = await startScriptedModel(t, slowAtFirst);
    const settings = { LEASE_S: '2' };
    const app = await startApp(t, { runtime: 'dapr', roles: 'http,actors', databaseUrl, model, settings });
    const { redisUrl: redis, placement } = app;
    const worker = {
      runtime: 'dapr',
      roles: 'worker',
      redisUrl: redis,
      model,
      settings,
      placement: placement!,
    } as const;
    for (const proxy of [first, second]) await startApp(t, { ...worker, databaseUrl: proxy.url });
    await pause(4_500);
    const turns = await chatOfMany(app.url, 20);
    await eventually('all model calls began', async () => model.chatCalls.length === 20);
    for (const proxy of [first, second]) {
      proxy.newConnections('hang');
      for (const connection of proxy.connections()) connection.lose();
    }
    await pause(4_000);
    const heal = (proxy: typeof first) => {
      proxy.newConnections('accept');
      for (const connection of proxy.connections()) connection.cut();
    };
    heal(first);
    const later = chatAsSoonAsPossible(app.url, turns);
    await pause(2_000);
    heal(second);
    await assertPaidOnce(t, app.url, model, [...turns, ...(await later)]);
  },
);

test('the turns of a worker that was killed are taken over within eight seconds', async (t) => {
  t.timeout(90_000);
  const { url: databaseUrl } = await freshDatabase(t);
  const first = new Set<string>();
  const model = await startScriptedModel(t, (one) => {
    const again = first.has(one.lastUserMessage);
    first.add(one.lastUserMessage);
    return again ? {} : { delayMs: 30_000 };
  });
  const { url, children } = await startTwoWorkers(t, model, databaseUrl, { LEASE_S: '5' });
  await pause(5_000);
  const turns = await chatOfMany(url, 60);
  await eventually('all model calls began', async () => model.chatCalls.length === 60);
  const killedAt = Date.now();
  process.kill(children[1]!, 'SIGKILL');
  await eventually('the last takeover', async () => {
    const last = model.chatCalls.at(-1)!.at;
    return last > killedAt && Date.now() - last > 4_000;
  });
  const again = model.chatCalls.slice(60).map(({ at }) => at - killedAt);
  t.true(again.length > 5 && again.length < 60, `${again.length} takeovers`);
  t.log(`${again.length} takeovers, after ${Math.min(...again)} to ${Math.max(...again)} ms`);
  t.true(Math.max(...again) <= 8_000);
  const running = await Promise.all(turns.map((turn) => call<TurnJson>(url, `/turns/${turn.turn_id}`)));
  for (const { body } of running) t.true(['running', 'completed'].includes(body.status), body.status);
});

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;
  run(`${runtime}: while a table of the claims is locked, no turn fails and none is paid for twice`, async (t) => {
    t.timeout(90_000);
    const { url, model, databaseUrl } = await startApp(t, { runtime, settings: { LEASE_S: '2' } });
    const builder = await connect(databaseUrl, { poolSize: 1, limits: NO_LIMITS });
    t.teardown(() => builder.destroy());
    const { rows } = await builder.raw<{ rows: { name: string }[] }>(
      `select table_name as name from information_schema.tables
       where table_name in ('actor_state', 'user_grants') or table_name like 'dapr%state'`,
    );
    // The second message of a user finds the grant of the first one.
    await waitForTurn(url, (await chat(url, { user_id: 'user-0', text: 'first' })).turn_id);
    const locked = builder.transaction(async (trx) => {
      await trx.raw(`lock table ${rows.map(({ name }) => name).join(', ')} in access exclusive mode`);
      await pause(14_000);
    });
    await pause(500);
    const turns = await chatOfMany(url, 8);
    await locked;
    await assertPaidOnce(t, url, model, turns);
  });
}

(isAvailable('dapr') ? test : test.skip)('a worker that is cut off from the database fails no turn', async (t) => {
  t.timeout(120_000);
  const app = await startApp(t, { runtime: 'dapr', settings: { LEASE_S: '2' } });
  const { redisUrl: redis, model, placement } = app;
  const proxy = await startTcpProxy(t, app.databaseUrl);
  await startApp(t, {
    runtime: 'dapr',
    roles: 'worker',
    databaseUrl: proxy.url,
    redisUrl: redis,
    model,
    placement: placement!,
    settings: { LEASE_S: '2' },
  });
  model.script(() => ({ delayMs: 300 }));
  const before = await chatOfMany(app.url, 30, 'before');
  proxy.newConnections('hang');
  for (const connection of proxy.connections()) connection.lose();
  await pause(4_000);
  const during: TurnJson[] = [];
  for (let round = 0; round < 8; round += 1) {
    during.push(...(await chatOfMany(app.url, 5, `during-${round}`)));
    await pause(1_000);
  }
  proxy.newConnections('accept');
  for (const connection of proxy.connections()) connection.cut();
  for (const turn of [...before, ...during])
    t.like(await waitForTurn(app.url, turn.turn_id), { status: 'completed' }, turn.text);
  // The worker that is cut off claims nothing. What it ran before was lost with it.
  for (const turn of during) t.is(model.count(turn.text), 1, turn.text);
  for (const turn of before) t.true(model.count(turn.text) <= 2, turn.text);
});

test('a turn fails after ten takeovers without another model call, however high its epoch is', async (t) => {
  const { url, model, databaseUrl } = await startApp(t);
  const builder = await connect(databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  const rows = [9, 10, 0].map((takeovers, n) => ({
    turn_id: newId(),
    user_id: `user-${n}`,
    session_id: newId(),
    seq: 1,
    status: 'running',
    epoch: 50,
    takeovers: takeovers === 0 ? 0 : takeovers - 1,
    claim_id: takeovers === 0 ? null : newId(),
    lease_until: new Date(Date.now() - 60_000),
    text: `text ${n}`,
    metadata: '{}',
    tags: '[]',
  }));
  await builder('turns').insert(rows);
  const finals = await Promise.all(rows.map((row) => waitForTurn(url, row.turn_id)));
  t.deepEqual(
    finals.map(({ status, error }) => error?.code ?? status),
    ['completed', 'claims_exhausted', 'completed'],
  );
  t.is(model.count('text 1'), 0);
});
